/**
 * The demo's loop: who clicks twice in 30 days, as the imported files tell, enters an audience by rule and is
 * mailed once; what became of the mails comes back in files of the sandbox.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { mailDifferences, readOutbox } from './check.ts';
import type { Product, Say } from './processes.ts';

const outcomesSchema = z.object({
  entered: z.number(),
  fates: z.record(z.string(), z.number()),
  rejectedBecause: z.array(z.object({ reason: z.string(), mails: z.number() })),
  triggered: z.number(),
  events: z.record(z.string(), z.number()),
  skippedBecause: z.array(z.object({ reason: z.string(), mails: z.number() })),
  opened: z.number(),
  clicked: z.number(),
  addsUp: z.boolean(),
});
export type MailOutcomes = z.infer<typeof outcomesSchema>;

const startedSchema = z.object({ id: z.string(), url: z.string() });
const sizeSchema = z.object({ members: z.number() });
const toldSchema = z.object({ mails: z.number(), events: z.record(z.string(), z.number()) });
export type ToldMails = z.infer<typeof toldSchema>;

export interface Campaign {
  readonly id: string;
  readonly url: string;
}

export interface Mailed {
  readonly audience: string;
  readonly members: number;
  readonly outcomes: MailOutcomes;
  readonly url: string;
  /** What does not add up, in words. */
  readonly differing: readonly string[];
}

const audience = 'Clicked twice in 30 days';
const filter = 'FILTER AND (email_click_ct >= 2, email_last_click_ts >= "now-30d")';

/** Makes the audience, in which nobody is yet, and starts the job that mails whoever enters it. */
export async function startCampaign({ client }: Product, folder: string, say: Say): Promise<Campaign> {
  writeFileSync(join(folder, 'clickers.yaml'), JSON.stringify({ name: audience, filter }, null, 2));
  await client('audiences', 'create', join(folder, 'clickers.yaml'));
  writeFileSync(
    join(folder, 'campaign.yaml'),
    JSON.stringify(
      {
        job: 'export-campaign',
        authorization: 'Sandbox',
        label: 'Welcome to those who click',
        description: 'The demo: one mail to whoever enters the audience.',
        audience,
        campaign: 'Lytics_Welcome',
        additionalFields: ['first_name'],
        defaultPermissionStatus: 'OPTIN',
        flushInterval: '1s',
      },
      null,
      2,
    ),
  );
  const { id, url } = startedSchema.parse(await client('jobs', 'start', join(folder, 'campaign.yaml')));
  say(`Started the job ${id}, which mails whoever enters "${audience}": ${url}`);
  return { id, url };
}

/** Waits until everybody in the audience is mailed, has the sandbox tell what became of it, and waits for that. */
export async function followCampaign(
  { client, ready }: Product,
  { id, url }: Campaign,
  say: Say,
): Promise<Mailed> {
  const { login } = ready.sandbox;
  const outcomesWhen = async (
    what: string,
    isThere: (outcomes: MailOutcomes) => boolean,
  ): Promise<MailOutcomes> => {
    for (let look = 0; look < 240; look++) {
      const outcomes = outcomesSchema.parse(await client('jobs', 'outcomes', id));
      if (isThere(outcomes)) return outcomes;
      await wait(500);
    }
    throw new Error(`The campaign's mails never came so far that ${what}.`);
  };
  const { members } = sizeSchema.parse(await client('audiences', 'size', audience));
  const { triggered } = await outcomesWhen(
    'everybody who entered had a fate',
    ({ entered, fates }) =>
      entered >= members && (fates['waiting'] ?? 0) === 0 && (fates['claimed'] ?? 0) === 0,
  );
  const response = await fetch(`${login}/_sandbox/mail-files`, {
    method: 'POST',
    body: JSON.stringify({ delimiter: '|', packagings: ['gzip'], marker: '.ready', count: '.count' }),
  });
  if (!response.ok) throw new Error(`The sandbox answered ${response.status}: ${await response.text()}`);
  const told = toldSchema.parse(await response.json());
  say(`${triggered} mails were triggered; the sandbox delivers files of what became of ${told.mails}.`);
  const outcomes = await outcomesWhen(
    'event files told of all of them',
    ({ events, opened, clicked }) =>
      events['silent'] === 0 &&
      opened >= (told.events['OPEN'] ?? 0) &&
      clicked >= (told.events['CLICK'] ?? 0),
  );
  return {
    audience,
    members,
    outcomes,
    url,
    differing: mailDifferences(await readOutbox(login), members, told, outcomes),
  };
}
