import { accessSync, constants } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { installPackages } from './apt.ts';

const PROGRAM = '/usr/bin/chromium-headless-shell';

/** Debian's Chromium without a window, installed if it is not there; or why it cannot be had. */
export async function startBrowser(): Promise<Browser | { readonly missing: string }> {
  const { reason } = await installPackages(['chromium-headless-shell', 'fonts-dejavu-core']);
  try {
    accessSync(PROGRAM, constants.X_OK);
  } catch {
    return { missing: `Chromium could not be installed: ${reason}` };
  }
  // Its sandbox wants rights of the kernel that root in a container does not have.
  return chromium.launch({ executablePath: PROGRAM, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}
