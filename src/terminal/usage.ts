/** Two command lines that work, and where to read on; by the words of the command. */
const HELP: Readonly<Record<string, { readonly examples: readonly [string, string]; readonly page: string }>> = {
  '': { examples: ['gateway-migrate status', 'gateway-migrate deploy --dry-run'], page: 'docs/runbook.md' },
  init: {
    examples: ['gateway-migrate init', 'gateway-migrate init --app /var/www/shop'],
    page: 'docs/configuration.md',
  },
  baseline: {
    examples: ['gateway-migrate baseline --from golang-migrate', 'gateway-migrate baseline --to 20251001060203'],
    page: 'docs/coming-from.md',
  },
  new: {
    examples: ['gateway-migrate new create_invoices_table', 'gateway-migrate new "add index to calls"'],
    page: 'docs/configuration.md',
  },
  demo: { examples: ['gateway-migrate demo', 'gateway-migrate demo --keep'], page: 'docs/reliability.md' },
  doctor: { examples: ['gateway-migrate doctor', 'gateway-migrate --json doctor'], page: 'docs/runbook.md' },
  status: { examples: ['gateway-migrate status', 'gateway-migrate status --check'], page: 'docs/runbook.md' },
  verify: { examples: ['gateway-migrate verify', 'gateway-migrate verify --only orphans'], page: 'docs/verify.md' },
  monitor: {
    examples: ['gateway-migrate monitor', 'gateway-migrate monitor --for 10m --on-major report'],
    page: 'docs/monitoring.md',
  },
  completion: {
    examples: ['gateway-migrate completion bash', 'gateway-migrate completion zsh'],
    page: 'docs/configuration.md',
  },
  history: { examples: ['gateway-migrate history', 'gateway-migrate --json history'], page: 'docs/runbook.md' },
  report: { examples: ['gateway-migrate report', 'gateway-migrate report --out deploy.html'], page: 'docs/runbook.md' },
  notify: {
    examples: ['gateway-migrate notify test', 'gateway-migrate --json notify test'],
    page: 'docs/configuration.md',
  },
  'notify test': {
    examples: ['gateway-migrate notify test', 'gateway-migrate --json notify test'],
    page: 'docs/configuration.md',
  },
  test: {
    examples: ['gateway-migrate test', 'gateway-migrate test --from-backup latest'],
    page: 'docs/reliability.md',
  },
  deploy: {
    examples: ['gateway-migrate deploy --dry-run', 'gateway-migrate deploy --to 20251001060203'],
    page: 'docs/reliability.md',
  },
  rollback: {
    examples: ['gateway-migrate rollback', 'gateway-migrate rollback --steps 1'],
    page: 'docs/reliability.md',
  },
  resume: { examples: ['gateway-migrate resume', 'gateway-migrate --verbose resume'], page: 'docs/reliability.md' },
  restore: {
    examples: ['gateway-migrate restore', 'gateway-migrate restore --until "2026-11-23 14:30:00"'],
    page: 'docs/runbook.md',
  },
  backup: { examples: ['gateway-migrate backup create', 'gateway-migrate backup list'], page: 'docs/runbook.md' },
  'backup create': {
    examples: ['gateway-migrate backup create', 'gateway-migrate --json backup create'],
    page: 'docs/runbook.md',
  },
  'backup list': {
    examples: ['gateway-migrate backup list', 'gateway-migrate --json backup list'],
    page: 'docs/runbook.md',
  },
  'backup verify': {
    examples: ['gateway-migrate backup verify FILE', 'gateway-migrate --json backup verify FILE'],
    page: 'docs/runbook.md',
  },
  'backup prune': {
    examples: ['gateway-migrate backup prune', 'gateway-migrate --yes backup prune'],
    page: 'docs/configuration.md',
  },
};

/** What stands at the end of `--help`; nothing for a command that has no examples yet. */
export function exampleLines(command: string): string {
  const help = HELP[command];
  if (!help) return '';
  return ['', 'Examples:', ...help.examples.map((line) => `  ${line}`), '', `More: ${help.page}`].join('\n');
}

/** Flags that give a protection up: a slip of the pen must not be answered with one of them. */
const GIVES_UP =
  /^--(?:yes|skip-\w+(?:-\w+)*|discard-new-rows|in-place|no-maintenance|no-services|allow-differences|on-conflict|with-saved-rows)$/;
const SUGGESTION = /\n?\(Did you mean (?:one of )?([^?]*)\?\)/;

/** The message of a typo with the nearest command or flag, and never with one that gives a protection up. */
export function harmlessSuggestion(message: string): string {
  return message.replace(SUGGESTION, (_all, names: string) => {
    const [first, ...others] = names.split(', ').filter((name) => !GIVES_UP.test(name));
    if (first === undefined) return '';
    const said = others.length === 0 ? first : `one of ${[first, ...others].join(', ')}`;
    return `\n(Did you mean ${said}?)`;
  });
}
