/** What the demo shows at its end. */
import Table from 'cli-table3';
import type { Mailed } from './campaign.ts';
import type { Exported } from './export.ts';
import type { Imported } from './import.ts';
import type { Fields } from './profiles.ts';

/** Without colours, and without lines between the rows. */
const plain = {
  style: { head: [], border: [] },
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
};

const number = (value: number): string => value.toLocaleString('en');

function tableOf(rows: readonly (readonly [string, string])[]): string {
  const table = new Table({ colAligns: ['left', 'right'], ...plain });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}

export const exportTable = ({ summary, people }: Exported): string =>
  tableOf([
    ['people in all', number(people)],
    ['sent', number(summary.members.sent)],
    ['accepted', number(summary.members.accepted)],
    ['left before they were sent', number(summary.members.notInList)],
    ['rejected', number(summary.members.rejected)],
    ...summary.failures.map(
      ({ target, code, members }) => [`  ${target}: ${code}`, number(members)] as const,
    ),
    ...summary.requests.map(
      ({ target, requests, rows }) =>
        [`requests to the ${target}`, `${number(requests)} with ${number(rows)} rows`] as const,
    ),
  ]);

export const importTable = ({ generated, summary }: Imported): string =>
  tableOf([
    ...Array.from(
      Map.groupBy(generated.files, ({ packaging }) => packaging),
      ([packaging, files]) => [`files, ${packaging}`, number(files.length)] as const,
    ),
    ['rows', number(generated.rows)],
    ['rows rejected', number(summary.events.rejected)],
    ['events', number(summary.events.total)],
    ...Object.entries(summary.events.byType)
      .sort(([, one], [, other]) => other - one)
      .map(([type, events]) => [`  ${type}`, number(events)] as const),
  ]);

const fates = [
  ['accepted', 'accepted by Responsys'],
  ['rejected', 'rejected'],
  ['opted-out', 'opted out: not mailed'],
  ['same-address', 'mailed already'],
  ['left', 'left before the mail'],
  ['unknown', 'unknown'],
] as const;

export const mailsTable = ({ audience, outcomes }: Mailed): string =>
  tableOf([
    [`entered "${audience}"`, number(outcomes.entered)],
    ...fates.map(([fate, words]) => [`  ${words}`, number(outcomes.fates[fate] ?? 0)] as const),
    ['mails triggered, one each', number(outcomes.triggered)],
    ['  sent', number(outcomes.events['sent'] ?? 0)],
    ['  bounced', number(outcomes.events['bounced'] ?? 0)],
    ['  skipped', number(outcomes.events['skipped'] ?? 0)],
    ...outcomes.skippedBecause.map(({ reason, mails }) => [`    ${reason}`, number(mails)] as const),
    ['  failed', number(outcomes.events['failed'] ?? 0)],
    ['opened', number(outcomes.opened)],
    ['clicked', number(outcomes.clicked)],
  ]);

const shownFields = [
  'visits',
  'rs_user_id',
  'email_sent_ct',
  'email_open_ct',
  'email_click_ct',
  'rs_offers',
  'last_active_ts',
];

/** Some people's fields before the import and after it. */
export function profilesTable({ changes }: Imported): string {
  const table = new Table({
    head: ['profile', 'field', 'before', 'after'],
    ...plain,
  });
  for (const { email, before, after } of changes)
    for (const [at, field] of shownFields.entries())
      table.push([at === 0 ? email : '', field, shown(before, field), shown(after, field)]);
  return table.toString();
}

function shown(fields: Fields, name: string): string {
  const value = fields[name];
  if (value === undefined || value === null) return '–';
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
