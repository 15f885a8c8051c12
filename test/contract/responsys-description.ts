/**
 * Bodies checked against Oracle's own description of the Responsys REST API (Swagger 2.0), read strictly: a
 * property that the description does not know is a violation too. What is known to differ stands in
 * `known-deviations.ts`. The description is not part of this project; where it lies beside it, it is used.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import { knownDeviations } from './known-deviations.ts';
import type { Schema } from './known-deviations.ts';

const file = join(import.meta.dirname, '..', '..', '..', 'shared', 'reference', 'responsys-openapi.json');

/** Why nothing can be checked here, for a test's `skip`; undefined where it can. With CI=true the tests must fail. */
export const descriptionAbsent: string | undefined = existsSync(file)
  ? undefined
  : `Oracle's API description is not at ${file}`;

interface Reference {
  readonly $ref?: string;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly schema?: Reference;
  }[];
  readonly responses: { readonly default?: { readonly schema?: Reference } };
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly definitions: Readonly<Record<string, object>>;
}

interface Described {
  /** Verb, path template, and `?action=` where there is one. */
  readonly name: string;
  readonly verb: string;
  readonly pattern: RegExp;
  readonly action: string | null;
  readonly request: Reference | undefined;
  readonly response: Reference | undefined;
}

const description: Description =
  descriptionAbsent !== undefined
    ? { paths: {}, definitions: {} }
    : (JSON.parse(readFileSync(file, 'utf8')) as Description);

// Where several operations share a path, the description tells them apart by blanks at the path's end.
const operations: readonly Described[] = Object.entries(description.paths).flatMap(([path, verbs]) =>
  Object.entries(verbs).map(([verb, operation]) => {
    const template = path.trim();
    const action = /\?action=(\w+)/.exec(operation.operationId)?.[1] ?? null;
    return {
      name: `${verb.toUpperCase()} ${template}${action === null ? '' : `?action=${action}`}`,
      verb: verb.toUpperCase(),
      pattern: new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
      action,
      request: operation.parameters?.find((parameter) => parameter.in === 'body')?.schema,
      response: operation.responses.default?.schema,
    };
  }),
);

const ajv = new Ajv({ strict: false, allErrors: true });
const validators = new Map<string, ValidateFunction>();

/**
 * The violations of a body, each with its place; none when it fits.
 * @param path the path that is called, with its query
 */
export function checkBody(
  method: string,
  path: string,
  kind: 'request' | 'response',
  body: unknown,
): readonly string[] {
  const url = new URL(path, 'http://responsys');
  const action = url.searchParams.get('action');
  const sharing = operations.filter(
    (operation) =>
      operation.verb === method && operation.action === action && operation.pattern.test(url.pathname),
  );
  // `members/count` is no RIID: the path with the fewest placeholders is meant.
  const places = ({ name }: Described) => name.split('{').length;
  const fewest = Math.min(...sharing.map(places));
  const operation = choose(
    sharing.filter((candidate) => places(candidate) === fewest),
    body,
  );
  if (operation === undefined) return [`The description has no ${method} ${url.pathname}${url.search}`];
  const reference = operation[kind];
  if (reference === undefined)
    return body === undefined ? [] : [`The description has no ${kind} body for ${operation.name}`];
  const validate = validatorOf(operation.name, kind, reference);
  if (validate(body)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const extra = 'additionalProperty' in params ? ` (${String(params['additionalProperty'])})` : '';
    return `${operation.name} ${kind}${instancePath}: ${message ?? 'does not fit'}${extra}`;
  });
}

/** Two calls on one path: the body says which is meant. Source: reference §4.2. */
function choose(sharing: readonly Described[], body: unknown): Described | undefined {
  if (sharing.length < 2) return sharing[0];
  const merges = typeof body === 'object' && body !== null && 'mergeTriggerRecordData' in body;
  return (
    sharing.find(({ request }) => (request?.$ref?.includes('mergeTrigger') ?? false) === merges) ?? sharing[0]
  );
}

function validatorOf(name: string, kind: 'request' | 'response', reference: Reference): ValidateFunction {
  const key = `${name} ${kind} ${reference.$ref ?? ''}`;
  let validate = validators.get(key);
  if (validate === undefined) {
    const amended = knownDeviations
      .filter(
        (deviation) =>
          deviation.operations.includes(name) && (deviation.of === 'both' || deviation.of === kind),
      )
      .reduce((schema, deviation) => deviation.amend(schema), resolve(reference));
    validate = ajv.compile(closed(amended));
    validators.set(key, validate);
  }
  return validate;
}

/** The schema with every reference put in. The description's references do not recur. */
function resolve(node: unknown): Schema {
  if (Array.isArray(node)) return node.map(resolve) as unknown as Schema;
  if (typeof node !== 'object' || node === null) return node as Schema;
  const { $ref } = node as Reference;
  if ($ref !== undefined) return resolve(description.definitions[$ref.replace('#/definitions/', '')]);
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, resolve(value)]));
}

/** The schema with no unknown properties, at any depth. */
function closed(schema: Schema): Schema {
  const { properties, items, anyOf } = schema;
  return {
    ...schema,
    ...(anyOf !== undefined && { anyOf: anyOf.map(closed) }),
    ...(items !== undefined && { items: closed(items) }),
    ...(properties !== undefined && {
      additionalProperties: false,
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, value]) => [name, closed(value)]),
      ),
    }),
  };
}
