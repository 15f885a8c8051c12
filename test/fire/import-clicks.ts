/**
 * A click file of any size, and what an import of it must come to: this is counted while rows are made, and
 * knows nothing of the mapping.
 */
import type { Random } from './random.ts';

const header = 'EVENT_TYPE_ID|LIST_ID|RIID|EVENT_CAPTURED_DT|CAMPAIGN_ID|LAUNCH_ID|OFFER_NAME|OFFER_URL';
const firstMs = Date.UTC(2026, 0, 1);
const months = ['Jan', 'Feb', 'Mar'] as const;
/** Rows that may come again, word for word: two clicks in one second are two. */
const rememberedRows = 2_000;

export interface Person {
  clicks: number;
  firstMs: number;
  lastMs: number;
  readonly urls: Set<string>;
  /** Clicks by the hour of the day, in UTC. */
  readonly hourly: Record<string, number>;
}

export interface Clicks {
  readonly header: string;
  readonly lines: readonly string[];
  /** By RIID. */
  readonly people: ReadonlyMap<string, Person>;
  readonly events: number;
  /** Rows of nobody: in the stream, and in no profile. */
  readonly nobodys: number;
  /** Rows that cannot be read. */
  readonly setAside: number;
}

interface Click {
  readonly line: string;
  readonly riid: string;
  readonly atMs: number;
  readonly url: string;
}

export function makeClicks(rows: number, random: Random): Clicks {
  const lines: string[] = [];
  const people = new Map<string, Person>();
  const counts = { events: 0, nobodys: 0, setAside: 0 };
  const remembered: Click[] = [];
  const peopleCount = Math.max(100, Math.floor(rows / 40));

  const draw = (): Click => {
    const riid = random.chance(0.01) ? '0' : String(1_000 + random.below(peopleCount));
    const atMs = firstMs + random.below(80 * 24 * 3_600) * 1_000;
    const url = `http://shop.example/${random.below(9)}?of=${random.below(1_000)}`;
    const line = `5|5|${riid}|${written(atMs)}|900|${900 + random.below(4)}|Spring|${url}`;
    return { line, riid, atMs, url };
  };
  const count = ({ riid, atMs, url }: Click): void => {
    counts.events += 1;
    if (riid === '0') {
      counts.nobodys += 1;
      return;
    }
    const person = people.get(riid) ?? {
      clicks: 0,
      firstMs: atMs,
      lastMs: atMs,
      urls: new Set(),
      hourly: {},
    };
    people.set(riid, person);
    person.clicks += 1;
    person.firstMs = Math.min(person.firstMs, atMs);
    person.lastMs = Math.max(person.lastMs, atMs);
    person.urls.add(url);
    const hour = String(new Date(atMs).getUTCHours());
    person.hourly[hour] = (person.hourly[hour] ?? 0) + 1;
  };
  for (let row = 0; row < rows; row++) {
    if (random.chance(0.004)) {
      counts.setAside += 1;
      lines.push(random.chance(0.5) ? '5|5|1001|too few cells' : '5|5|1001|no time|900|901|Spring|');
      continue;
    }
    const click = (random.chance(0.03) ? random.of(remembered) : undefined) ?? draw();
    remembered[random.below(rememberedRows)] = click;
    lines.push(click.line);
    count(click);
  }
  return { header, lines, people, ...counts };
}

/** As Responsys writes a time. */
function written(atMs: number): string {
  const at = new Date(atMs);
  const day = String(at.getUTCDate()).padStart(2, '0');
  return `${day}-${months[at.getUTCMonth()] ?? ''}-2026 ${at.toISOString().slice(11, 19)}`;
}
