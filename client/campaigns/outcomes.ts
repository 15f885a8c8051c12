/**
 * `jobs outcomes`: what became of everybody who entered, and of every mail, in tables that add up. Pure but for
 * the output.
 */
import type { MailFate } from '../../systems/store/campaign-claims.ts';
import type { EventOutcome, OutcomeCell } from '../../systems/store/campaign-cells.ts';
import type { Output } from '../output.ts';
import { fatesInWords } from './fates.ts';

interface Reason {
  readonly reason: string;
  readonly mails: number;
}

export interface Outcomes {
  /** Stays that the job has heard of. */
  readonly entered: number;
  /** They add up to those who entered. One of unknown fate is accepted once event files tell of it. */
  readonly fates: Readonly<Record<MailFate, number>>;
  readonly rejectedBecause: readonly Reason[];
  /** Mails that were accepted, are being triggered, or may have been. */
  readonly triggered: number;
  /** What event files say of these; with `silent` they add up to them. */
  readonly events: Readonly<Record<EventOutcome | 'silent', number>>;
  readonly skippedBecause: readonly Reason[];
  readonly opened: number;
  readonly clicked: number;
  /** Mails of unknown fate that were triggered once more, and those that wait for it. */
  readonly again: number;
  /** Mails that were refused, or never triggered, and that event files tell of all the same. */
  readonly unexpected: number;
  readonly addsUp: boolean;
}

/** Fates of those to whom a mail may have gone. */
const mailed: ReadonlySet<MailFate> = new Set(['accepted', 'unknown', 'claimed']);
const eventOutcomes: readonly EventOutcome[] = ['sent', 'skipped', 'failed', 'bounced'];

export function outcomesOf(cells: readonly OutcomeCell[]): Outcomes {
  const sum = (
    some: readonly OutcomeCell[],
    of: 'mails' | 'again' | 'opened' | 'clicked' = 'mails',
  ): number => some.reduce((total, cell) => total + cell[of], 0);
  const of = (fate: MailFate): number => sum(cells.filter((cell) => cell.fate === fate));
  const entered = sum(cells);
  const fates = Object.fromEntries(
    (Object.keys(fatesInWords) as MailFate[]).map((fate) => [fate, of(fate)]),
  ) as Record<MailFate, number>;
  const mails = cells.filter(({ fate }) => mailed.has(fate));
  const triggered = sum(mails);
  const told = Object.fromEntries(
    eventOutcomes.map((outcome) => [outcome, sum(mails.filter((cell) => cell.outcome === outcome))]),
  ) as Record<EventOutcome, number>;
  const events = { ...told, silent: sum(mails.filter(({ outcome }) => outcome === null)) };
  const total = (parts: Readonly<Record<string, number>>): number =>
    Object.values(parts).reduce((all, part) => all + part, 0);
  return {
    entered,
    fates,
    rejectedBecause: reasonsOf(cells.filter(({ fate }) => fate === 'rejected')),
    triggered,
    events,
    skippedBecause: reasonsOf(mails.filter(({ outcome }) => outcome === 'skipped')),
    opened: sum(mails, 'opened'),
    clicked: sum(mails, 'clicked'),
    again: sum(cells, 'again'),
    unexpected: sum(cells.filter(({ fate, outcome }) => !mailed.has(fate) && outcome !== null)),
    addsUp: total(fates) === entered && total(events) === triggered,
  };
}

/** Most first, as the cells come; cells of one reason together. */
function reasonsOf(cells: readonly OutcomeCell[]): readonly Reason[] {
  const counts = new Map<string, number>();
  for (const { reason, mails } of cells) counts.set(reason, (counts.get(reason) ?? 0) + mails);
  return [...counts].map(([reason, mails]) => ({ reason: reason === '' ? 'no reason told' : reason, mails }));
}

const eventsInWords: Readonly<Record<EventOutcome | 'silent', string>> = {
  sent: 'sent, and not come back',
  skipped: 'skipped',
  failed: 'failed',
  bounced: 'bounced',
  silent: 'nothing of it yet',
};

type Row = readonly [what: string, mails: number];

export function showOutcomes(output: Output, job: { readonly id: string }, outcomes: Outcomes): void {
  output.result({ job: job.id, ...outcomes });
  const { entered, fates, triggered, events, opened, clicked, again, unexpected } = outcomes;
  const because = (reasons: readonly Reason[]): readonly Row[] =>
    reasons.map(({ reason, mails }) => [`    ${reason}`, mails]);
  const byFate = (Object.keys(fatesInWords) as MailFate[]).flatMap((fate): Row[] => [
    [`  ${fatesInWords[fate]}`, fates[fate]],
    ...(fate === 'rejected' ? because(outcomes.rejectedBecause) : []),
  ]);
  output.table(['what became of who entered', 'stays'], [['entered', entered], ...byFate]);
  output.line();
  const byEvent = (Object.keys(eventsInWords) as (EventOutcome | 'silent')[]).flatMap((outcome): Row[] => [
    [`  ${eventsInWords[outcome]}`, events[outcome]],
    ...(outcome === 'skipped' ? because(outcomes.skippedBecause) : []),
  ]);
  output.table(
    ['what event files say of the mails', 'mails'],
    [['triggered, or may have been', triggered], ...byEvent, ['opened', opened], ['clicked', clicked]],
  );
  output.line();
  output.line(
    outcomes.addsUp
      ? `It adds up: ${entered.toLocaleString('en')} entered, ${triggered.toLocaleString('en')} mails; reasons stand below what they are part of.`
      : 'It does not add up: this is a fault of this program.',
  );
  if (again > 0)
    output.line(
      `Note: ${again.toLocaleString('en')} mails of unknown fate were triggered again, or wait for it: so many people may have two.`,
    );
  if (unexpected > 0)
    output.line(`Note: event files tell of ${unexpected} mails that were not accepted, or not triggered.`);
}
