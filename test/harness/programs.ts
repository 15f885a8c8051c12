/** Programs that tests need and a machine may lack: there they skip with the reason, on CI they fail. */
import { spawnSync } from 'node:child_process';

/** The `skip` option of a test that needs these programs. */
export function unlessMissing(...programs: readonly string[]): { readonly skip: string | false } {
  const missing = programs.filter((program) => !hasProgram(program));
  if (missing.length === 0 || process.env['CI'] === 'true') return { skip: false };
  return { skip: `${missing.join(', ')} is not installed` };
}

const hasProgram = (program: string): boolean =>
  spawnSync('sh', ['-c', `PATH="$PATH:/usr/sbin" command -v ${program}`]).status === 0;
