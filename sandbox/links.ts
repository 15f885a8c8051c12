/**
 * The links that Responsys puts into its answers. Source: reference §2.2, recorded traffic, for a list's
 * members; the others are made alike.
 */

export interface Link {
  readonly rel: string;
  readonly href: string;
  readonly method: string;
}

const root = '/rest/api/v1.3/lists';

export function listLinks(list: string): readonly Link[] {
  const href = `${root}/${encodeURIComponent(list)}/members`;
  return [
    { rel: 'self', href, method: 'POST' },
    { rel: 'retrieveListRecipientsRIID', href: `${href}/<riid>`, method: 'GET' },
    { rel: 'deleteListRecipientsRIID', href: `${href}/<riid>`, method: 'DELETE' },
  ];
}

export function tableLinks(list: string, table: string): readonly Link[] {
  const href = `${root}/${encodeURIComponent(list)}/listExtensions/${encodeURIComponent(table)}/members`;
  return [
    { rel: 'self', href, method: 'POST' },
    { rel: 'retrieveProfileExtensionRecipientsByRIID', href: `${href}/<riid>`, method: 'GET' },
    { rel: 'deleteProfileExtensionRecipientsByRIID', href: `${href}/<riid>`, method: 'DELETE' },
  ];
}
