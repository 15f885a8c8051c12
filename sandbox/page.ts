/**
 * The sandbox's page: lists and tables with their first rows, the last mails, event files and requests. Everything
 * that comes from outside is escaped. It renews itself every three seconds without losing the reader's place.
 */
import { isMatchColumn } from './columns.ts';
import { count, html } from './html.ts';
import type { Html } from './html.ts';
import { filesSection, fileServerLine } from './page-files.ts';
import { outboxSection } from './page-outbox.ts';
import type { LoggedRequest } from './request-log.ts';
import { readPage } from './rows-stream.ts';
import type { Sandbox } from './sandbox.ts';

const shownRows = 50;
const shownRequests = 100;

/** The whole page. */
export function page(sandbox: Sandbox): string {
  const { catalog, config } = sandbox.context;
  const requests = sandbox.log.last(shownRequests);
  const lists = [...catalog.lists.values()].map(
    (list) =>
      html`<section>
        <h2>${list.name} <small>${list.folder} · ${count(list.count, 'member', 'members')}</small></h2>
        ${rowsTable(sandbox, list.sql)}
        ${[...list.tables.values()].map(
          (table) =>
            html`<h3>${table.name} <small>${table.folder} · ${count(table.count, 'row', 'rows')}</small></h3>
              ${rowsTable(sandbox, table.sql)}`,
        )}
      </section>`,
  );
  const main = html`<main>
    ${lists} ${outboxSection(sandbox)} ${filesSection(sandbox)}
    <section>
      <h2>Requests <small>the last ${requests.length}</small></h2>
      ${requestsTable(requests)}
    </section>
  </main>`;
  const header = html`<header>
    <h1>Responsys sandbox</h1>
    <p>Account ${config().account.name} · API at ${sandbox.context.endPoint()}</p>
    ${fileServerLine(sandbox)}
  </header>`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Responsys sandbox</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>${style}</style></head>
<body>${header.html}${main.html}<script>${script}</script></body></html>`;
}

function rowsTable(sandbox: Sandbox, sql: string): Html {
  const rows = readPage(sandbox.context.storage, sql, -1, shownRows);
  if (rows.length === 0) return html`<p class="none">empty</p>`;
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].sort(
    (a, b) => placeOf(a) - placeOf(b),
  );
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${columns.map((column) => html`<th>${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${columns.map((column) => html`<td title="${row[column] ?? ''}">${row[column] ?? ''}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Where a column stands: who it is, then what callers fill, then what Responsys fills. */
function placeOf(column: string): number {
  if (column === 'RIID_') return 0;
  if (isMatchColumn(column)) return 1;
  return column.endsWith('_') ? 3 : 2;
}

function requestsTable(requests: readonly LoggedRequest[]): Html {
  if (requests.length === 0) return html`<p class="none">none yet</p>`;
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>Time</th>
          <th>Function</th>
          <th>Object</th>
          <th>User</th>
          <th>Rows</th>
          <th>Failed</th>
          <th>Status</th>
          <th>Fault</th>
          <th>ms</th>
        </tr>
      </thead>
      <tbody>
        ${requests.map(
          (entry) =>
            html`<tr class="${entry.status === 200 ? 'good' : 'bad'}">
              <td>${entry.time.slice(11, 23)}</td>
              <td>${entry.function ?? entry.verb}</td>
              <td>${entry.object ?? ''}</td>
              <td>${entry.user ?? ''}</td>
              <td class="number">${entry.rows ?? ''}</td>
              <td class="number">${entry.failed ?? ''}</td>
              <td>${entry.status === 0 ? 'dropped' : entry.status} ${entry.errorCode ?? ''}</td>
              <td>${entry.fault ?? ''}</td>
              <td class="number">${entry.ms}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#dfe3e8, #333a42); --soft: light-dark(#66707c, #9aa4b0); }
body { font: 14px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 1280px; padding: 24px; }
h1 { font-size: 22px; margin: 0; } header p { color: var(--soft); margin: 2px 0 0; }
h2 { font-size: 17px; margin: 28px 0 8px; } h3 { font-size: 14px; margin: 18px 0 6px; }
small { color: var(--soft); font-weight: normal; font-size: 13px; margin-left: 6px; }
.scroll { overflow: auto; max-height: 340px; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; font-size: 12px; width: 100%; }
th, td { text-align: left; padding: 4px 10px; white-space: nowrap; border-bottom: 1px solid var(--line);
  max-width: 260px; overflow: hidden; text-overflow: ellipsis; }
thead th { position: sticky; top: 0; background: light-dark(#f5f7f9, #22272d); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.bad td { color: light-dark(#b3261e, #ff8a80); } .none { color: var(--soft); margin: 4px 0; }
`;

const script = `
setInterval(async () => {
  try {
    const text = await (await fetch('/')).text();
    const next = new DOMParser().parseFromString(text, 'text/html').querySelector('main');
    const now = document.querySelector('main');
    const places = [...now.querySelectorAll('.scroll')].map((box) => [box.scrollLeft, box.scrollTop]);
    now.replaceWith(next);
    next.querySelectorAll('.scroll').forEach((box, n) => { if (places[n]) [box.scrollLeft, box.scrollTop] = places[n]; });
  } catch {}
}, 3000);
`;
