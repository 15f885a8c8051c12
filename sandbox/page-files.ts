/** What the sandbox's page shows of the SFTP server: where it is, and the last files that it serves. */
import { count, html } from './html.ts';
import type { Html } from './html.ts';
import type { Sandbox } from './sandbox.ts';

const shownFiles = 50;

export function fileServerLine(sandbox: Sandbox): Html {
  const server = sandbox.fileServer();
  if (server === undefined) return html``;
  const { username, host, port, hostKeyFingerprint, privateKeyFile } = server;
  return html`<p>
    Event files at sftp://${username}@${host}:${port} · host key ${hostKeyFingerprint} · login key
    ${privateKeyFile}
  </p>`;
}

export function filesSection(sandbox: Sandbox): Html {
  const { count: all, files } = sandbox.files.last(shownFiles);
  const table = html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>File</th>
          <th>Bytes</th>
          <th>Time</th>
        </tr>
      </thead>
      <tbody>
        ${files.map(
          ({ path, bytes, modifiedMs }) =>
            html`<tr>
              <td>${path}</td>
              <td class="number">${bytes.toLocaleString('en')}</td>
              <td>${new Date(modifiedMs).toISOString()}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
  return html`<section>
    <h2>Event files <small>${count(all, 'file', 'files')}</small></h2>
    ${files.length === 0 ? html`<p class="none">none yet</p>` : table}
  </section>`;
}
