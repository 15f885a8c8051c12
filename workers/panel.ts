/** What `npm start` shows when everything runs: where to look, and what to do next. */
import pc from 'picocolors';
import type { Embedded } from './embedded/index.ts';

/** @returns lines for a terminal, in colours where it has them */
export function panelOf({ running, dataFolder }: Embedded): string {
  const { sandbox } = running;
  const rows: readonly (readonly [string, string])[] = [
    ['Temporal Web UI', pc.cyan(running.uiUrl)],
    ['Temporal', running.temporalAddress],
    ...(sandbox === undefined
      ? []
      : ([
          ['Sandbox', pc.cyan(sandbox.page)],
          ['  log in with', `${sandbox.login}  ${sandbox.username} / ${sandbox.password}`],
          ['  event files', `sftp://${sandbox.sftp.username}@${sandbox.sftp.host}:${sandbox.sftp.port}`],
          ['  login key', sandbox.sftp.privateKeyFile],
          ['  host key', sandbox.sftp.hostKeyFingerprint],
        ] as const)),
    ['Data and logs', dataFolder],
  ];
  return [
    '',
    `  ${pc.green('●')} ${pc.bold('lytics-responsys is running.')}`,
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(17)}${value}`),
    '',
    `  Next, in another terminal: ${pc.bold('npm run client -- --help')}`,
    '  Ctrl-C stops everything; the data stay.',
    '',
    '',
  ].join('\n');
}
