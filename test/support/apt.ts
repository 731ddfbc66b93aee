import { installPackages as install, type Missing } from '../../src/demo/apt.ts';
import { systemExec } from '../../src/system/exec.ts';

/** Makes sure that Debian packages are installed, and says what it installs. Never throws: returns what is missing. */
export function installPackages(names: readonly string[]): Promise<Missing> {
  return install(systemExec, names, (absent) => console.log(`Installing with apt: ${absent.join(', ')}`));
}
