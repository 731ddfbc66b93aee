import type { AppConfig } from '../config/config.ts';
import type { Command } from '../system/exec.ts';

/** A command of the configuration, run in the application's folder; without one beside the configuration. */
export function appCommand(app: AppConfig, argv: readonly string[]): Command {
  const [file = '', ...args] = argv;
  return { file, args, cwd: app.dir ?? app.commandsDir };
}

/** `systemctl stop nginx` from `[systemctl, "{action}", "{service}"]`. */
export function serviceCommand(app: AppConfig, action: 'start' | 'stop' | 'status', service: string): Command {
  const argv = app.serviceCommand.map((part) => part.replaceAll('{action}', action).replaceAll('{service}', service));
  return appCommand(app, argv);
}

/** Whether the site can be taken down at all: artisan needs the application's folder, commands of one's own do not. */
export function hasMaintenance({ maintenance, dir }: AppConfig): boolean {
  return maintenance === 'laravel' ? dir !== undefined : maintenance !== 'none';
}

export function hasCaches({ caches, dir }: AppConfig): boolean {
  if (caches === 'laravel') return dir !== undefined;
  return caches !== 'none' && caches.length > 0;
}
