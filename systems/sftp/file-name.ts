/**
 * Names of event files, as Responsys gives them: `<account>_<EVENT_TYPE>_<YYYYMMDD>_<HH24MISS>.<endings>`.
 * The type itself has underscores. Pure.
 */

const form = /^(\d+)_([A-Z][A-Z0-9_]*)_(\d{8})_(\d{6})((?:\.[A-Za-z0-9]+)+)$/;

export interface EventFileName {
  readonly name: string;
  readonly accountId: string;
  /** As it stands in the name, such as `CLICK` or `SMS_OPT_IN`. */
  readonly type: string;
  /** `20190103130532`: for the order alone, since its time zone is not known. */
  readonly stamp: string;
  /** In lower case, such as `.txt.zip`. */
  readonly endings: string;
  /** All but the endings: what a file has in common with its marker and its count file. */
  readonly stem: string;
}

/** Which endings belong to the files that say something of another file. */
export interface CompanionEndings {
  /** Of the marker that says: this file is whole. Undefined where there are none. */
  readonly marker: string | undefined;
  /** Of the file with the number of rows. */
  readonly count: string | undefined;
}

export type NamedFile =
  { readonly role: 'events' | 'marker' | 'count'; readonly file: EventFileName } | { readonly role: 'other' };

/** What programs that upload add to a file's name until it is whole. */
const underWay = /\.(filepart|part|partial|tmp|temp|upload|uploading)$/;

/** What a file is by its name. An ending counts as the last one, in any letter case: `x.txt.READY` is a marker of `.ready`. */
export function readFileName(name: string, endings: CompanionEndings): NamedFile {
  const [, accountId, type, date, time, all] = form.exec(name) ?? [];
  if (accountId === undefined || type === undefined || date === undefined || time === undefined)
    return { role: 'other' };
  const lower = (all ?? '').toLowerCase();
  const file = {
    name,
    accountId,
    type,
    stamp: `${date}${time}`,
    endings: lower,
    stem: name.slice(0, name.length - lower.length),
  };
  if (underWay.test(lower)) return { role: 'other' };
  const ends = (ending: string | undefined): boolean =>
    ending !== undefined && ending !== '' && lower.endsWith(dotted(ending));
  if (ends(endings.marker)) return { role: 'marker', file };
  return { role: ends(endings.count) ? 'count' : 'events', file };
}

const dotted = (ending: string): string => `${ending.startsWith('.') ? '' : '.'}${ending.toLowerCase()}`;

/**
 * The names, in lower case, that a marker or count file of this file may have: `<stem>.ready` stands for all
 * of that stem, `<stem>.txt.gpg.ready` for that one file.
 */
export const companionNames = (file: EventFileName, ending: string | undefined): readonly string[] =>
  ending === undefined || ending === ''
    ? []
    : [file.name, file.stem].map((name) => `${name}${dotted(ending)}`.toLowerCase());

/** Oldest first by the stamp in the name; then by name, so that every look has the same order. */
export const oldestFirst = (one: EventFileName, other: EventFileName): number =>
  one.stamp < other.stamp ? -1 : one.stamp > other.stamp ? 1 : one.name < other.name ? -1 : 1;
