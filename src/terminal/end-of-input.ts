/** Node's readline ends quietly at Ctrl-D, and inquirer then waits forever: the end has to be heard beside it. */
export function listenForEnd(input: NodeJS.ReadableStream): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const onEnd = () => controller.abort();
  const onKey = (_text: string | undefined, key: { ctrl?: boolean; name?: string } | undefined) => {
    if (key?.ctrl && key.name === 'd') onEnd();
  };
  input.on('keypress', onKey).once('end', onEnd).once('close', onEnd);
  return {
    signal: controller.signal,
    dispose: () => void input.off('keypress', onKey).off('end', onEnd).off('close', onEnd),
  };
}
