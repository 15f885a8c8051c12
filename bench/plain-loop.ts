/**
 * What a scan is compared with: a loop in a process of its own that reads the same pages, makes the same calls
 * with as many under way, and records nothing. Takes a job's id in a JSON of addresses; prints one JSON line.
 */
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { z } from 'zod';
import { askFor, scanPagesOf, scannedFields } from '../activities/delivery/asking.ts';
import { findJob } from '../systems/store/jobs.ts';
import { readMembersNow } from '../systems/store/members.ts';
import type { MemberNow } from '../systems/store/members.ts';
import { walkMembers } from '../systems/store/scans.ts';

const given = z
  .object({
    databaseUrl: z.string(),
    jobId: z.string(),
    login: z.object({ url: z.string(), username: z.string(), password: z.string() }),
  })
  .parse(JSON.parse(process.argv[2] ?? '{}'));

/** As the governor has it: calls of one function under way at once. */
const callsAtOnce = 8;
const rowsOfCall = 200;
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
const store = new pg.Pool({ connectionString: given.databaseUrl });
const agent = new Agent({ keepAlive: true });

async function post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: 'POST', agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
      (response) => {
        text(response).then((answer) => {
          if (response.statusCode === 200) resolve(JSON.parse(answer));
          else reject(new Error(`${response.statusCode}: ${answer}`));
        }, reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Runs so many at once, the others in their order. */
function openSlots(slots: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let free = slots;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

const { plan, configuration } = await findJob(store, given.jobId);
if (plan === null) throw new Error('The job has no plan.');
const { url, username, password } = given.login;
const form = new URLSearchParams({ user_name: username, password, auth_type: 'password' }).toString();
const token = z
  .object({ authToken: z.string(), endPoint: z.string() })
  .parse(
    await post(
      `${url}/rest/api/v1.3/auth/token`,
      { 'content-type': 'application/x-www-form-urlencoded' },
      form,
    ),
  );
const headers = { authorization: token.authToken, 'content-type': 'application/json' };
const list = `${token.endPoint}/rest/api/v1.3/lists/${plan.list}`;
const merged = z.object({ recordData: z.object({ records: z.array(z.array(z.string())) }) });
const toList = openSlots(callsAtOnce);
const toTables = openSlots(callsAtOnce);

async function merge(
  path: string,
  fieldNames: readonly string[],
  records: readonly string[][],
  rule: object,
) {
  const body = JSON.stringify({ recordData: { fieldNames, records, mapTemplateName: null }, ...rule });
  return merged.parse(await post(list + path, headers, body)).recordData.records;
}

async function send(members: readonly MemberNow[]): Promise<void> {
  if (plan === null) return;
  const columns = plan.idMappings.map(({ column }) => column);
  const cell = (member: MemberNow, field: string): string => {
    const value = member.fields[field] ?? '';
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  };
  const riids = await toList(() =>
    merge(
      '/members',
      columns,
      members.map((member) => plan.idMappings.map(({ field }) => cell(member, field))),
      {
        mergeRule: {
          htmlValue: 'H',
          textValue: 'T',
          optinValue: 'I',
          optoutValue: 'O',
          insertOnNoMatch: plan.insertOnNoMatch,
          updateOnMatch: configuration.updateOnMatch,
          matchColumnName1: plan.matchColumns[0],
          matchColumnName2: null,
          matchOperator: 'NONE',
          rejectRecordIfChannelEmpty: null,
          defaultPermissionStatus: configuration.defaultPermissionStatus,
        },
      },
    ),
  );
  const rule = {
    insertOnNoMatch: true,
    updateOnMatch: configuration.updateOnMatch,
    matchColumnName1: 'RIID',
    matchColumnName2: null,
  };
  const table = (name: string, of: readonly string[], cells: (member: MemberNow) => readonly string[]) =>
    toTables(() =>
      merge(
        `/listExtensions/${name}/members`,
        ['RIID_', ...of],
        members.map((member, index) => [riids[index]?.[0] ?? '', ...cells(member)]),
        rule,
      ),
    );
  const { fields, memberships } = plan;
  await Promise.all([
    fields === null
      ? undefined
      : table(
          fields.name,
          fields.columns.map(({ column }) => column),
          (member) => fields.columns.map(({ field }) => cell(member, field)),
        ),
    memberships === null
      ? undefined
      : table(
          memberships.name,
          memberships.columns.map(({ column }) => column),
          (member) =>
            memberships.columns.map(({ audienceId }) => (member.audienceIds.has(audienceId) ? '1' : '0')),
        ),
  ]);
}

const startedMs = performance.now();
const cpuBefore = process.cpuUsage();
let members = 0;
const { pageMembers, pagesAtOnce } = scanPagesOf(plan);
const pages: Promise<unknown>[] = [];
await walkMembers(store, plan.sourceAudienceId, scannedFields(plan), pageMembers, async (profileIds) => {
  if (pages.length >= pagesAtOnce) await pages.shift();
  const page = await readMembersNow(store, askFor(plan, profileIds));
  members += page.length;
  const calls: Promise<void>[] = [];
  for (let from = 0; from < page.length; from += rowsOfCall)
    calls.push(send(page.slice(from, from + rowsOfCall)));
  pages.push(Promise.all(calls));
});
await Promise.all(pages);
const seconds = (performance.now() - startedMs) / 1_000;
const { user, system } = process.cpuUsage(cpuBefore);
process.stdout.write(`${JSON.stringify({ members, seconds, cpuSeconds: (user + system) / 1e6 })}\n`);
await store.end();
agent.destroy();
