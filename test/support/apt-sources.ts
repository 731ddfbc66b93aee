/** One package archive of this machine, as apt knows it. */
export interface Archive {
  readonly uri: string;
  readonly suite: string;
  /** Path of the keyring that signs it; undefined when apt uses its default ones. */
  readonly signedBy: string | undefined;
}

/** Binary archives with component `main` in a deb822 file (`*.sources`, sources.list(5)). */
export function parseDeb822(text: string): Archive[] {
  const withoutComments = text.replace(/^#.*\n?/gm, '');
  return withoutComments.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map(
      [...stanza.matchAll(/^([\w-]+):((?:.*)(?:\n[ \t].*)*)/gm)].map(([, name = '', value = '']) => [
        name.toLowerCase(),
        value.trim().split(/\s+/),
      ]),
    );
    const words = (name: string) => fields.get(name) ?? [];
    if (!words('types').includes('deb') || !words('components').includes('main') || words('enabled')[0] === 'no')
      return [];
    const key = words('signed-by')[0];
    return words('uris').flatMap((uri) =>
      words('suites').map((suite) => ({ uri, suite, signedBy: key?.startsWith('/') ? key : undefined })),
    );
  });
}

/** The same of a one-line-style file (`sources.list`, `*.list`). */
export function parseOneLineStyle(text: string): Archive[] {
  return [...text.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)$/gm)]
    .filter(([, , , , components = '']) => components.split(/\s+/).includes('main'))
    .map(([, options = '', uri = '', suite = '']) => ({
      uri,
      suite,
      signedBy: /signed-by=(\/[^\s,]+)/.exec(options)?.[1],
    }));
}

/** deb822 text for `suite` on the archives that serve `release`, this machine's own; empty when none does. */
export function sourcesFor(
  suite: string,
  release: string,
  archives: readonly Archive[],
  defaultKeyring?: string,
): string {
  const serving = archives.filter((archive) => archive.suite === release);
  const unique = new Map(serving.map((archive) => [archive.uri, archive]));
  return [...unique.values()]
    .map(({ uri, signedBy = defaultKeyring }) =>
      [
        'Types: deb',
        `URIs: ${uri}`,
        `Suites: ${suite}`,
        'Components: main',
        ...(signedBy ? [`Signed-By: ${signedBy}`] : []),
        '',
      ].join('\n'),
    )
    .join('\n');
}
