import type { AppConfig } from '../config/config.ts';
import type { Command } from '../system/exec.ts';

/** A command of the configuration, run in the application's folder. */
export function appCommand(app: AppConfig, argv: readonly string[]): Command {
  const [file = '', ...args] = argv;
  return { file, args, cwd: app.dir };
}

/** `systemctl stop nginx` from `[systemctl, "{action}", "{service}"]`. */
export function serviceCommand(app: AppConfig, action: 'start' | 'stop' | 'status', service: string): Command {
  const argv = app.serviceCommand.map((part) => part.replaceAll('{action}', action).replaceAll('{service}', service));
  return appCommand(app, argv);
}
