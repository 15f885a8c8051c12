/**
 * The demo's first half: exports an audience of generated people into the sandbox, and lets some in and out
 * while it runs.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { differences, readHeld } from './check.ts';
import { emailOf, writePeople } from './people.ts';
import type { Product, Say } from './processes.ts';

const summarySchema = z.object({
  id: z.string(),
  url: z.string(),
  members: z.object({ sent: z.number(), accepted: z.number(), rejected: z.number(), notInList: z.number() }),
  failures: z.array(z.object({ target: z.string(), code: z.string(), members: z.number() })),
  requests: z.array(z.object({ target: z.string(), requests: z.number(), rows: z.number() })),
  tables: z.array(z.string()),
  queued: z.number().nullable(),
  scan: z.object({ total: z.number(), done: z.number(), state: z.string() }).nullable(),
});
export type ExportSummary = z.infer<typeof summarySchema>;

const audience = 'Newsletter readers';

export interface Exported {
  readonly summary: ExportSummary;
  /** Everybody who ever was in the audience. */
  readonly people: number;
  /** What does not add up, in words. */
  readonly differing: readonly string[];
}

export async function exportPeople(
  { ready, client }: Product,
  folder: string,
  count: number,
  say: Say,
): Promise<Exported> {
  const people = await writePeople(join(folder, 'people.csv'), count);
  writeFileSync(
    join(folder, 'authorization.json'),
    JSON.stringify({
      kind: 'responsys-interact',
      label: 'Sandbox',
      username: ready.sandbox.username,
      password: ready.sandbox.password,
      endpointUri: ready.sandbox.login,
    }),
    { mode: 0o600 },
  );
  await client('authorizations', 'add', '--from-file', join(folder, 'authorization.json'));
  await client('audiences', 'import', audience, join(folder, 'people.csv'));
  say(`Imported ${people.members} people into the audience "${audience}".`);

  // JSON is YAML: a job's file may be either.
  writeFileSync(
    join(folder, 'job.yaml'),
    JSON.stringify(
      {
        job: 'export-audience',
        authorization: 'Sandbox',
        label: 'Newsletter readers to Responsys',
        description: 'The demo: members of the audience, their fields and their membership.',
        audience,
        list: 'CONTACTS_LIST',
        matchColumn1: 'EMAIL_ADDRESS_',
        additionalFields: ['loyalty_tier', 'visits'],
        exportAudienceMemberships: [audience],
        defaultPermissionStatus: 'OPTIN',
        flushInterval: '3s',
      },
      null,
      2,
    ),
  );
  const { id } = summarySchema
    .pick({ id: true })
    .parse(await client('jobs', 'start', join(folder, 'job.yaml')));
  say(`Started the job ${id}. Temporal's Web UI: ${ready.uiUrl} · sandbox: ${ready.sandbox.page}`);

  // While the scan runs: eight leave, and twelve new people enter.
  const leaving = Array.from({ length: 8 }, (_, index) => emailOf(index * 100 + 1));
  const entering = Array.from({ length: 12 }, (_, index) => emailOf(people.members + index + 1));
  await client('audiences', 'exit', audience, '--email', ...leaving);
  await client('audiences', 'enter', audience, '--email', ...entering);
  say(`Sent ${leaving.length} people out of the audience and ${entering.length} in.`);

  const names = {
    list: 'CONTACTS_LIST',
    fields: `Lytics_User_Fields_${id}`,
    memberships: 'Lytics_Segments',
    column: 'NEWSLETTER_READERS',
  };
  const good = people.members - people.refused;
  // Whoever leaves before the scan has reached them was never sent, and is not in the list: how many that
  // are is the ledger's to say, the sandbox's to confirm.
  const expected = (neverSent: number) => ({
    members: good - neverSent + entering.length,
    optedOut: people.optedOut,
    isMember: good - leaving.length + entering.length,
    hasLeft: leaving.length - neverSent,
    fieldsRows: good - neverSent,
    accepted: good - neverSent + entering.length,
    rejected: people.refused,
  });
  let last = '';
  let differing: readonly string[] = ['the job did not come to rest'];
  let summary: ExportSummary | undefined;
  for (let look = 0; look < 240; look++) {
    summary = summarySchema.parse(await client('jobs', 'show', id));
    const { scan, members, queued } = summary;
    const line = `scanned ${scan?.done ?? 0}/${scan?.total ?? '?'} · accepted ${members.accepted} · rejected ${members.rejected} · queued ${queued ?? '?'}`;
    if (line !== last) say(line);
    last = line;
    if (scan?.state === 'done' && queued === 0) {
      differing = differences(expected(Math.min(members.notInList, leaving.length)), {
        ...(await readHeld(ready.sandbox.login, names)),
        accepted: members.accepted,
        rejected: members.rejected,
      });
      if (differing.length === 0) break;
    }
    await wait(500);
  }
  if (summary === undefined) throw new Error('The job never showed itself.');
  return { summary, people: people.members + entering.length, differing };
}
