/**
 * The account's folders. Source: Oracle's API description.
 */
import type { Answer, Call, Context } from './context.ts';
import { Refused } from './errors.ts';
import { asObject, onlyKeys } from './record-data.ts';

export function retrieveFolders(context: Context): Answer {
  const folders = context.catalog.folders().map(({ id, name, createdMs }) => ({
    id: String(id),
    name,
    subType: 'F',
    objSource: 'U',
    accountId: '1',
    status: 'A',
    createdBy: 'sandbox',
    modifiedBy: 'sandbox',
    createdDate: new Date(createdMs).toISOString(),
    modifiedDate: new Date(createdMs).toISOString(),
    objectType: 'FOLDER',
    new: false,
  }));
  return { body: { folders } };
}

export function createFolder(context: Context, call: Call): Answer {
  const body = asObject(call.body, 'The request');
  onlyKeys(body, 'the request', ['folderName']);
  const { folderName: name } = body;
  if (typeof name !== 'string' || name.trim() === '' || name.length > 100 || /[/\\\p{Cc}]/u.test(name))
    throw new Refused('INVALID_PARAMETER', 'folderName must have 1 to 100 characters, no slashes');
  if (context.catalog.hasFolder(name))
    throw new Refused('FOLDER_ALREADY_EXISTS', `The folder ${name} already exists`);
  const { id } = context.storage.transaction(() => context.catalog.addFolder(name));
  return { body: { folderId: String(id), errorMessage: null, success: true } };
}
