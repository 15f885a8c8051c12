/** Click files in Responsys' form: one link in ten is a person's own. */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** `random`: of any person at any time. `clustered`: a person's clicks stand together. */
export type Order = 'random' | 'clustered';

export interface ClickFile {
  readonly rows: number;
  readonly people: number;
  readonly order: Order;
}

const header =
  'EVENT_TYPE_ID|ACCOUNT_ID|LIST_ID|RIID|CUSTOMER_ID|EVENT_CAPTURED_DT|EVENT_STORED_DT|CAMPAIGN_ID|LAUNCH_ID|EMAIL_FORMAT|OFFER_NAME|OFFER_NUMBER|OFFER_CATEGORY|OFFER_URL';

const twoDigits = (value: number): string => String(value).padStart(2, '0');

function lineOf(at: number, { rows, people, order }: ClickFile): string {
  const person =
    order === 'clustered' ? Math.floor((at * people) / rows) : Math.floor(Math.random() * people);
  const clock = [Math.floor(at / 3_600) % 24, Math.floor(at / 60) % 60, at % 60].map(twoDigits).join(':');
  const time = `${twoDigits((at % 28) + 1)}-Jan-2026 ${clock}`;
  const link =
    at % 10 === 0 ? `http://shop.example/me/${person}?at=${at}` : `http://shop.example/offer/${at % 40}`;
  return `5|1234|5|${100_000 + person}||${time}|${time}|${900 + (at % 7)}|${9_000 + (at % 50)}|H|Offer ${at % 40}|${at % 40}|Category ${at % 9}|${link}\n`;
}

export async function writeClickFile(path: string, content: ClickFile): Promise<void> {
  const file = createWriteStream(path);
  file.write(`${header}\n`);
  for (let at = 0; at < content.rows; at++)
    if (!file.write(lineOf(at, content)))
      await new Promise<void>((resolve) => file.once('drain', () => resolve()));
  file.end();
  await finished(file);
}
