/** The sandbox's SFTP server, by the importer's own client, by the bare protocol, and by OpenSSH's. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import ssh2 from 'ssh2';
import type { SFTPWrapper } from 'ssh2';
import { ExpectedError } from '../../jobs/errors.ts';
import { connect } from '../../systems/sftp/connection.ts';
import type { Connection, SftpLogin } from '../../systems/sftp/connection.ts';
import { openFolder } from '../../systems/sftp/index.ts';
import { readRemoteFile } from '../../systems/sftp/remote-reads.ts';
import { unlessMissing } from '../harness/programs.ts';
import { newFolder, removeFolder, startSandbox } from './running.ts';
import type { Running } from './running.ts';

const loginTo = ({ sftp }: Running, other: Partial<SftpLogin> = {}): SftpLogin => ({
  host: sftp.host,
  port: sftp.port,
  username: sftp.username,
  privateKey: readFileSync(sftp.privateKeyFile, 'utf8'),
  hostKeyFingerprint: sftp.hostKeyFingerprint,
  ...other,
});

const otherKey = () =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('The sandbox’s SFTP server', () => {
  const folder = newFolder();
  let sandbox: Running;
  before(async () => {
    sandbox = await startSandbox(folder);
  });
  after(async () => {
    await sandbox.stop();
    removeFolder(folder);
  });
  const served = (...names: string[]): string => join(sandbox.sftp.folder, ...names);

  async function connected<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
    const connection = await connect(loginTo(sandbox));
    try {
      return await work(connection);
    } finally {
      await connection.close();
    }
  }

  test('only the right key of the right user logs in, and a key can be added to the settings', async () => {
    const refused = (error: unknown) =>
      error instanceof ExpectedError && error.code === 'AUTHORIZATION_REFUSED';
    await assert.rejects(connect(loginTo(sandbox, { privateKey: otherKey() })), refused);
    await assert.rejects(connect(loginTo(sandbox, { username: 'root' })), refused);
    await assert.rejects(
      connect(loginTo(sandbox, { hostKeyFingerprint: `SHA256:${'A'.repeat(43)}` })),
      (error) => error instanceof ExpectedError && error.code === 'HOST_KEY_CHANGED',
    );
    const own = { privateKey: otherKey() };
    const parsed = ssh2.utils.parseKey(own.privateKey);
    assert.ok(!(parsed instanceof Error));
    const publicKey = `${parsed.type} ${parsed.getPublicSSH().toString('base64')} mine`;
    await assert.rejects(connect(loginTo(sandbox, own)), refused);
    const bad = await sandbox.control('POST', 'config', { sftp: { publicKeys: [own.privateKey] } });
    assert.equal(bad.status, 400);
    assert.match(bad.text, /publicKeys/);
    await sandbox.control('POST', 'config', { sftp: { publicKeys: [publicKey] } });
    await (await connect(loginTo(sandbox, own))).close();
    await (await connect(loginTo(sandbox))).close();
  });

  test('lists, reads, uploads, renames, removes and makes folders', () =>
    connected(async ({ ask }) => {
      const names = async (path: string) =>
        (await ask((client) => client.list(path))).map(({ name, type }) => `${type} ${name}`).sort();
      assert.deepEqual(await names('/'), ['d archive', 'd download', 'd upload']);
      assert.equal(await ask((client) => client.realPath('download/..')), '/');
      const content = randomBytes(300_000);
      await ask((client) => client.put(content, 'upload/a.txt'));
      assert.ok(content.equals(readFileSync(served('upload', 'a.txt'))));
      assert.ok(content.equals((await ask((client) => client.get('/upload/a.txt'))) as Buffer));
      const { size, modifyTime } = await ask((client) => client.stat('upload/a.txt'));
      assert.equal(size, content.length);
      assert.equal(modifyTime, Math.floor(statSync(served('upload', 'a.txt')).mtimeMs / 1000) * 1000);
      await ask((client) => client.put(Buffer.from('b'), 'upload/b.txt'));
      await assert.rejects(ask((client) => client.rename('upload/b.txt', 'upload/a.txt')));
      assert.equal(statSync(served('upload', 'a.txt')).size, content.length, 'a rename replaces nothing');
      await ask((client) => client.mkdir('archive/2026/01', true));
      await ask((client) => client.rename('upload/a.txt', 'archive/2026/01/a.txt'));
      assert.deepEqual(await names('archive/2026/01'), ['- a.txt']);
      await ask((client) => client.delete('archive/2026/01/a.txt'));
      await ask((client) => client.rmdir('archive/2026', true));
      assert.deepEqual(await names('archive'), []);
      await ask((client) => client.append(Buffer.from('c'), 'upload/b.txt'));
      assert.equal(readFileSync(served('upload', 'b.txt'), 'utf8'), 'bc');
      assert.equal(await ask((client) => client.exists('upload/none.txt')), false);
    }));

  test('a folder of 2,500 files is listed whole', async () => {
    mkdirSync(served('many'));
    for (let at = 0; at < 2_500; at++)
      writeFileSync(served('many', `1_CLICK_20260131_${String(at).padStart(6, '0')}.txt`), '');
    const many = await openFolder(loginTo(sandbox), { folder: 'many' });
    assert.equal((await many.list()).files.length, 2_500);
    await many.close();
  });

  test('a stranger’s paths lead nowhere: out of the folder, over links, by odd names', async () => {
    const secret = join(folder, 'secret');
    mkdirSync(secret);
    writeFileSync(join(secret, 'file'), 'not yours');
    writeFileSync(served('download', 'mine'), 'mine');
    symlinkSync(join(secret, 'file'), served('download', 'link'));
    symlinkSync(secret, served('download', 'way'));
    symlinkSync(served('download', 'mine'), served('download', 'inside'));
    const up = '../'.repeat(30);
    const hidden = [
      ...[join(secret, 'file'), `${up}${join(secret, 'file')}`, `/download/../../${secret}/file`],
      ...['download/link', 'download/way/file', 'download/inside', 'download/way/../way/file'],
      ...[
        'mine\0',
        'download/mine\0.txt',
        '\\..\\..\\secret',
        '~/secret',
        '//etc//passwd',
        '/proc/self/environ',
      ],
    ];
    await connected(async ({ protocol }) => {
      const fails = (what: string, call: (done: (error?: Error | null) => void) => void) =>
        new Promise<void>((resolve, reject) => {
          call((error) => (error instanceof Error ? resolve() : reject(new Error(`${what} was allowed`))));
        });
      for (const path of hidden) {
        await fails(`reading ${path}`, (done) => protocol.open(path, 'r', done));
        await fails(`writing ${path}`, (done) => protocol.open(path, 'r+', done));
        await fails(`listing ${path}`, (done) => protocol.opendir(path, done));
        await fails(`touching ${path}`, (done) => protocol.utimes(path, 0, 0, done));
      }
      for (const path of [
        'download/way/new',
        `${secret}/new`,
        'download/way',
        'download/link',
        '/',
        '',
        '..',
      ])
        await fails(`creating ${path}`, (done) => protocol.open(path, 'w', done));
      for (const path of ['download/way/new', `${up}${secret}/new`, '/'])
        await fails(`making ${path}`, (done) => protocol.mkdir(path, done));
      for (const path of ['/', '..', '.', secret, 'download/way', 'download/way/file']) {
        await fails(`removing the folder ${path}`, (done) => protocol.rmdir(path, done));
        await fails(`moving to ${path}`, (done) => protocol.rename('download/mine', path, done));
        if (path !== 'download/way')
          await fails(`moving ${path}`, (done) => protocol.rename(path, 'upload/moved', done));
      }
      await fails('removing over a link', (done) => protocol.unlink('download/way/file', done));
      await fails('linking', (done) => protocol.symlink(secret, 'upload/link', done));
      await fails('reading a link', (done) => protocol.readlink('download/link', done));
      await fails('an unknown handle', (done) =>
        protocol.read(Buffer.from('beef'), Buffer.alloc(9), 0, 9, 0, done),
      );
    });
    const list = await connected(({ ask }) => ask((client) => client.list('download')));
    assert.deepEqual(
      list.map(({ name, type }) => `${type} ${name}`).sort(),
      ['- mine', 'l inside', 'l link', 'l way'],
      'a link is shown as one',
    );
    assert.deepEqual(readdirSync(secret), ['file']);
    assert.equal(readFileSync(join(secret, 'file'), 'utf8'), 'not yours');
    assert.notEqual(statSync(join(secret, 'file')).mtimeMs, 0);
    assert.equal(readFileSync(served('download', 'mine'), 'utf8'), 'mine');
  });

  test('many reads under way, of several files on several connections, give what is there', async () => {
    const contents = Array.from({ length: 4 }, () => randomBytes(6_000_000 + Math.floor(Math.random() * 9)));
    contents.forEach((content, at) => writeFileSync(served('download', `big-${at}`), content));
    const readAll = async (connection: Connection, at: number): Promise<string> => {
      const hash = createHash('sha256');
      const bytes = contents[at]?.length ?? 0;
      for await (const block of readRemoteFile(connection, `download/big-${at}`, bytes, undefined))
        hash.update(block);
      return hash.digest('hex');
    };
    const all = [0, 1].map(() =>
      connected((connection) => Promise.all(contents.map((_, at) => readAll(connection, at)))),
    );
    for (const hashes of await Promise.all(all)) assert.deepEqual(hashes, contents.map(sha256));
  });

  test('OpenSSH’s own client logs in, lists, fetches and uploads', unlessMissing('sftp'), () => {
    const { host, port, username, privateKeyFile } = sandbox.sftp;
    writeFileSync(served('download', 'hello.txt'), 'hello');
    writeFileSync(join(folder, 'up.txt'), 'up');
    const commands = [
      'ls -l download',
      `get download/hello.txt ${join(folder, 'got.txt')}`,
      `put -p ${join(folder, 'up.txt')} upload/up.txt`,
      'rename upload/up.txt upload/moved.txt',
    ];
    const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'BatchMode=yes'];
    const ran = spawnSync(
      'sftp',
      [
        ...options.flatMap((option) => ['-o', option]),
        ...['-q', '-P', String(port), '-i', privateKeyFile, '-b', '-', `${username}@${host}`],
      ],
      { input: commands.join('\n'), encoding: 'utf8' },
    );
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /hello\.txt/);
    assert.equal(readFileSync(join(folder, 'got.txt'), 'utf8'), 'hello');
    assert.equal(readFileSync(served('upload', 'moved.txt'), 'utf8'), 'up');
  });

  test('noise in the place of a login, and a connection that is cut, cost the others nothing', async () => {
    const { host, port } = sandbox.sftp;
    await Promise.all(
      Array.from({ length: 20 }, (_, at) => {
        const socket = connectSocket(port, host);
        return new Promise<void>((resolve) => {
          socket.on('error', () => undefined).once('close', () => resolve());
          socket.write(at % 2 === 0 ? randomBytes(5_000) : 'SSH-2.0-noise\r\n');
          setTimeout(() => socket.destroy(), 200);
        });
      }),
    );
    await connected(({ ask }) => ask((client) => client.list('/')));
  });

  test('a stop ends open connections, exits with 0 and frees the port; the host key stays', async () => {
    const { port, host, hostKeyFingerprint } = sandbox.sftp;
    const connections = await Promise.all([0, 1, 2].map(() => connect(loginTo(sandbox))));
    const opened = await openRemotely(connections[0]?.protocol, 'download/big-0');
    assert.ok(opened.length > 0);
    const silent = connectSocket(port, host);
    silent.on('error', () => undefined);
    await new Promise((resolve) => silent.once('data', resolve));
    const startedMs = performance.now();
    assert.equal(await sandbox.stop(), 0);
    assert.ok(performance.now() - startedMs < 5_000);
    for (const { lost } of connections) assert.ok(lost.aborted || (await aborted(lost)));
    await assert.rejects(
      new Promise((resolve, reject) =>
        connectSocket(port, host).once('connect', resolve).once('error', reject),
      ),
      /ECONNREFUSED/,
    );
    sandbox = await startSandbox(folder);
    assert.equal(sandbox.sftp.hostKeyFingerprint, hostKeyFingerprint);
    assert.ok(existsSync(served('download', 'big-0')), 'files outlive a restart');
    await sandbox.control('POST', 'reset');
    assert.deepEqual(readdirSync(sandbox.sftp.folder).sort(), ['archive', 'download', 'upload']);
    assert.deepEqual(readdirSync(served('download')), []);
  });
});

const openRemotely = (protocol: SFTPWrapper | undefined, path: string): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    protocol?.open(path, 'r', (error, handle) => {
      if (error === undefined) resolve(handle);
      else reject(error);
    });
  });

const aborted = (signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(true));
    setTimeout(() => resolve(signal.aborted), 5_000).unref();
  });
