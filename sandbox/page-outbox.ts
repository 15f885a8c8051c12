/** What the sandbox's page shows of the outbox: the last mails that triggers brought about. */
import { count, html } from './html.ts';
import type { Html } from './html.ts';
import { countMails, lastMails } from './outbox.ts';
import type { Sandbox } from './sandbox.ts';

const shownMails = 50;

export function outboxSection({ context: { storage } }: Sandbox): Html {
  const mails = lastMails(storage, shownMails);
  const table = html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>Time</th>
          <th>Campaign</th>
          <th>RIID</th>
          <th>To</th>
          <th>With</th>
          <th>Not sent</th>
        </tr>
      </thead>
      <tbody>
        ${mails.map(({ atMs, campaign, riid, email, optionalData, skipped }) => {
          const given = optionalData.map(({ name, value }) => `${name}: ${value}`).join(', ');
          return html`<tr class="${skipped === null ? 'good' : 'bad'}">
            <td>${new Date(atMs).toISOString()}</td>
            <td>${campaign}</td>
            <td>${riid}</td>
            <td>${email}</td>
            <td title="${given}">${given}</td>
            <td>${skipped ?? ''}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
  return html`<section>
    <h2>Outbox <small>${count(countMails(storage), 'mail', 'mails')}</small></h2>
    ${mails.length === 0 ? html`<p class="none">none yet</p>` : table}
  </section>`;
}
