import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { keys, noTerminal, openTerminal } from '../harness/terminal.ts';
import { authorizationFile, startProduct } from './product.ts';
import type { Product } from './product.ts';

let product: Product;
let people: string;
before(async () => {
  product = await startProduct();
  await product.json('authorizations', 'add', '--from-file', authorizationFile(product));
  people = product.write('people.csv', 'email,age:int,date\nann@example.com,3,x\n');
  await product.json('audiences', 'import', 'Customers', people);
  await product.json('audiences', 'import', 'Readers', people);
});
after(() => product.close());

test(
  'asks in the specification’s order, offers what is there, shows the plan, writes the file, starts the job',
  {
    skip: noTerminal,
  },
  async () => {
    const file = join(dirname(people), 'created.yaml');
    const main = join(import.meta.dirname, '..', '..', 'client', 'main.ts');
    const terminal = openTerminal([process.execPath, main, 'jobs', 'create', '--file', file], product.env);
    const { enter, down, space } = keys;
    await terminal.answer(/Job type[^]*Export Audience[^]*Import Activity Data/, enter);
    await terminal.answer(/Authorization[^]*Sandbox[^]*create a new one/, enter);
    await terminal.answer(/Label/, enter);
    await terminal.answer(/Label is required/, 'Asked', enter);
    await terminal.answer(/Description \(optional\)/, enter);
    await terminal.answer(/Source Audience[^]*Customers \(1 members\)[^]*Readers/, down, enter);
    await terminal.answer(/List[^]*CONTACTS_LIST \(folder Lytics\)[^]*NEWSLETTER_LIST/, enter);
    await terminal.answer(/ID Mappings: the identifier fields[^]*CUSTOMER_ID_[^]*◉ EMAIL_ADDRESS_/, enter);
    await terminal.answer(/user field for EMAIL_ADDRESS_[^]*❯ email/, enter);
    await terminal.answer(/Match Column 1[^]*EMAIL_ADDRESS_/, enter);
    await terminal.answer(
      /Additional Fields[^]*date \(?as a column it is a word that Responsys reserves/,
      space,
      enter,
    );
    await terminal.answer(/Fields Table[^]*a new one, Lytics_User_Fields_\{Job ID\}/, enter);
    await terminal.answer(
      /Export Audience Memberships[^]*◯ Customers → CUSTOMERS[^]*◉ Readers → READERS/,
      enter,
    );
    await terminal.answer(
      /To be made: the table Lytics_Segments[^]*Nothing was sent\.[^]*Start the job\?/,
      enter,
    );
    const { code, shown } = await terminal.end();
    assert.equal(code, 0, shown);
    assert.match(shown, /Started Asked as [a-z][a-z0-9]{9}\./);
    assert.deepEqual(parse(readFileSync(file, 'utf8')), {
      job: 'export-audience',
      authorization: 'Sandbox',
      label: 'Asked',
      audience: 'Readers',
      list: 'CONTACTS_LIST',
      idMappings: { email: 'EMAIL_ADDRESS_' },
      matchColumn1: 'EMAIL_ADDRESS_',
      additionalFields: ['age'],
      exportAudienceMemberships: ['Readers'],
    });
    const again = (await product.json('jobs', 'apply', file)) as { outcome: string };
    assert.equal(again.outcome, 'unchanged');
  },
);

test('without a terminal it says so, and writes nothing', async () => {
  const file = join(dirname(people), 'none.yaml');
  const ran = await product.run('jobs', 'create', '--file', file);
  assert.equal(ran.code, 2);
  assert.match(ran.err, /^USAGE {2}There is no terminal to ask at: write the job’s file by hand/);
  assert.ok(!existsSync(file));
});
