/**
 * One person as `profiles show` prints them: to be read at a glance in a terminal of 100 columns. Values that
 * are too long end in an ellipsis; `--json` has them whole.
 */
import type { CampaignEvent } from '../../activities/importing/campaign-names.ts';
import type { StoredPerson } from '../../systems/store/person.ts';
import type { Output } from '../output.ts';

const widest = 100;

export interface ShownEvents {
  /** Of all that there are. */
  readonly total: number;
  /** The latest, newest first. */
  readonly latest: readonly CampaignEvent[];
}

export function showPerson(output: Output, person: StoredPerson, events: ShownEvents): void {
  const { profileId, fields, memberships, sends } = person;
  output.line(
    `profile ${profileId}, known since ${day(person.createdAt)}, written ${minute(person.updatedAt)} UTC`,
  );
  const names = Object.keys(fields).sort();
  section(output, 'Fields', names.length, ['field', 'value'], () => {
    const room = widest - 2 - Math.max(...names.map(({ length }) => length));
    return names.map((name) => [
      name,
      cut(
        name === campaignField ? campaignInWords(fields[name], events.latest) : inWords(fields[name]),
        room,
      ),
    ]);
  });
  section(output, 'Memberships', memberships.length, ['audience', 'is', 'since'], () =>
    memberships.map(({ audience, isMember, changedAt }) => [
      cut(audience, 60),
      isMember ? 'in' : 'left',
      minute(changedAt),
    ]),
  );
  section(
    output,
    'Sends',
    sends.length,
    ['job', 'last', 'list', 'fields', 'memberships', 'when', 'sends'],
    () =>
      sends.map(({ job, change, fates, at, sends: count }) => [
        cut(job, 24),
        change,
        fates.list ?? '–',
        fates.fields ?? '–',
        fates.memberships ?? '–',
        minute(at),
        count,
      ]),
  );
  for (const { job, reasons } of sends)
    for (const words of reasons) output.line(cut(`  ${job}: ${words}`, widest));
  const { total, latest } = events;
  const shown = latest.length < total ? `the latest ${latest.length} of ${count(total)}` : count(total);
  section(output, 'Events', shown, ['when', 'event', 'about', 'file and line'], () => {
    const places = latest.map(({ file, line }) => cut(`${file}:${line}`, 50));
    const room = widest - 19 - 6 - Math.max(...places.map(({ length }) => length));
    const longestEvent = Math.max(...latest.map(({ event }) => event.length));
    return latest.map((event, index) => [
      event.at.toISOString().slice(0, 19).replace('T', ' '),
      event.event,
      cut(aboutOf(event), Math.max(room - longestEvent, 8)),
      places[index] ?? '',
    ]);
  });
  if (latest.length < total) output.line('--events N shows more.');
  showCampaigns(output, latest);
}

/** Which campaigns these events are of: a line of an event has no room for it beside what was clicked. */
function showCampaigns(output: Output, events: readonly CampaignEvent[]): void {
  const campaigns = Map.groupBy(
    events.filter(({ campaign }) => campaign !== null),
    ({ accountId, campaign }) => `${accountId}/${campaign?.id}`,
  );
  if (campaigns.size === 0) return;
  section(output, 'Campaigns of these events', campaigns.size, ['campaign', 'name', 'events', 'latest'], () =>
    [...campaigns.values()].map((own) => [
      own[0]?.campaign?.id ?? '',
      cut(own[0]?.campaign?.name ?? 'no LAUNCH_STATE file tells it', 54),
      own.length,
      minute(own[0]?.at ?? new Date(0)),
    ]),
  );
}

function section(
  output: Output,
  title: string,
  size: number | string,
  head: readonly string[],
  rows: () => readonly (readonly (string | number)[])[],
): void {
  const isEmpty = size === 0 || size === '0';
  output.line();
  output.line(isEmpty ? `${title}: none` : typeof size === 'number' ? title : `${title}: ${size}`);
  if (!isEmpty) output.table(head, rows());
}

/** What an event was about, as far as its row says so: the first of these that has a value. */
const telling = ['offer_url', 'offer_name', 'campaign_id', 'campaign_name', 'reason', 'mobile_number'];

function aboutOf({ columns, values, campaign }: CampaignEvent): string {
  const names = columns.map((name) => name.toLowerCase());
  for (const name of telling) {
    const value = values[names.indexOf(name)];
    if (!value) continue;
    if (name !== 'campaign_id') return value;
    // The id first: it is whole where the name has to be cut.
    if (campaign !== null) return `campaign ${[campaign.id, campaign.name ?? []].flat().join(', ')}`;
  }
  return '';
}

/** In which the default mapping keeps the id of the latest event that has one. */
const campaignField = 'rs_campaign_id';

function campaignInWords(value: unknown, events: readonly CampaignEvent[]): string {
  const id = inWords(value);
  const name = events.find(({ campaign }) => campaign?.id === id)?.campaign?.name;
  return [id, name ?? []].flat().join(', ');
}

function inWords(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, one]) => `${key}: ${String(one)}`)
    .join(', ');
}

const count = (number: number): string => number.toLocaleString('en');
const day = (at: Date): string => at.toISOString().slice(0, 10);
const minute = (at: Date): string => at.toISOString().slice(0, 16).replace('T', ' ');
/** Of characters that move the cursor nothing is printed: they come from files of others. */
function cut(text: string, width: number): string {
  const plain = text.replace(/\p{Cc}+/gu, ' ');
  const characters = Array.from(plain);
  return characters.length <= width ? plain : `${characters.slice(0, width - 1).join('')}…`;
}
