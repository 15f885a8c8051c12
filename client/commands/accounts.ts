/**
 * `accounts`: the accounts of Responsys behind the authorizations, and how much of their allowances is used.
 */
import type { Command } from 'commander';
import { ExpectedError } from '../../jobs/errors.ts';
import { summariseAccounts } from '../../systems/store/accounts.ts';
import type { AccountSummary } from '../../systems/store/accounts.ts';
import { runs } from '../command.ts';
import type { Output } from '../output.ts';

export function addAccountCommands(program: Command): void {
  const accounts = program
    .command('accounts')
    .description('the accounts of Responsys: what they allow a minute, and who uses it');

  runs(accounts.command('list').description('all accounts'), async ({ context, output }) => {
    const found = await summariseAccounts(await context.store());
    output.result(found);
    if (found.length === 0) output.line(noneYet);
    else
      output.table(
        ['account', 'authorizations', 'calls in the last minute', 'waiting', 'limits read'],
        found.map((one) => [
          nameOf(one),
          one.authorizations.join(', '),
          sum(one.functions.map(({ used, leased }) => used + leased)),
          sum(one.functions.flatMap(({ waiting }) => waiting.map(({ calls }) => calls))),
          one.limitsReadAt?.toISOString() ?? 'not yet',
        ]),
      );
  });

  runs(
    accounts
      .command('show')
      .argument('[account]', 'its name; all of them unless given')
      .description('functions, limits, use in the last minute, who waits'),
    async ({ context, output }, account) => {
      const found = await summariseAccounts(await context.store(), account);
      if (found.length === 0 && account !== undefined)
        throw new ExpectedError(
          'NOT_FOUND',
          `account: there is none called "${account}"; see "accounts list".`,
        );
      output.result(account === undefined ? found : found[0]);
      if (found.length === 0) output.line(noneYet);
      for (const one of found) showAccount(output, one);
    },
  );
}

const noneYet =
  'No account is known yet: it is asked for its name and limits at the first call, such as "authorizations test".';

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

const nameOf = ({ account }: AccountSummary): string =>
  account === '' ? '(before its name is known)' : account;

function showAccount(output: Output, account: AccountSummary): void {
  const readAt = account.limitsReadAt?.toISOString();
  output.line(`${nameOf(account)}: limits ${readAt === undefined ? 'assumed' : `read ${readAt}`}`);
  output.table(
    ['function', 'a minute', '', 'used', 'leased', 'waiting', 'throttled until'],
    account.functions.map((one) => [
      one.function,
      one.callsPerMinute,
      one.isAssumed ? 'assumed' : '',
      one.used,
      one.leased,
      sum(one.waiting.map(({ calls }) => calls)),
      one.throttledUntil?.toISOString() ?? '',
    ]),
  );
  const waiting = account.functions.flatMap((one) =>
    one.waiting.map(({ lane, job, worker, calls }) => [
      one.function,
      lane,
      job === '' ? '–' : job,
      worker,
      calls,
    ]),
  );
  if (waiting.length > 0) output.table(['who waits for', 'lane', 'job', 'worker', 'calls'], waiting);
  output.line();
}
