/**
 * Programs of others that some tests run against. Without one these tests are skipped, and say so; in CI
 * (CI=true) they are not, and fail for want of it.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian's package, and the program by the names that it has on various systems. */
const programs = {
  openssh: { package: 'openssh-server', names: ['sshd'] },
  gpg: { package: 'gnupg', names: ['gpg'] },
  chromium: { package: 'chromium', names: ['chromium', 'chromium-browser', 'google-chrome', 'chrome'] },
} as const;

export interface Counterpart {
  /** The program's path; a missing one's name, so that a test that is not skipped fails. */
  readonly path: string;
  /** For a test's option `skip`: the reason, or false. */
  readonly skip: string | false;
}

/** As `test('…', { skip: counterpart('gpg').skip }, …)`. */
export function counterpart(name: keyof typeof programs): Counterpart {
  const { names, package: debian } = programs[name];
  // A server's program is often in a folder that an ordinary user's PATH lacks.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  const path = folders.flatMap((folder) => names.map((file) => join(folder, file))).find(isProgram);
  if (path !== undefined) return { path, skip: false };
  const reason = `no ${name} on this machine (Debian: apt-get install ${debian})`;
  return { path: names[0], skip: process.env['CI'] === 'true' ? false : reason };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
