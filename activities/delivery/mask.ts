/**
 * Personal data as it may be seen over a shoulder, in the bodies of requests and elsewhere: the shape of each
 * value stays, what it says goes. Two that differ may look alike.
 */

/** Letters become x, digits 9; blanks and ASCII punctuation, which show the form of a value, stay. */
export const maskText = (text: string): string =>
  text.replace(/\p{N}/gu, '9').replace(/[^9\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]/gu, 'x');

interface MergeBody {
  readonly recordData: {
    readonly fieldNames: readonly string[];
    readonly records: readonly (readonly string[])[];
  };
}

export const isMergeBody = (body: unknown): body is MergeBody =>
  typeof body === 'object' && body !== null && 'recordData' in body;

/** @param plain columns whose values may be shown: `1` and `0` of a membership, which name nobody */
export function maskBody(body: MergeBody, plain: ReadonlySet<string>): MergeBody {
  const { fieldNames, records } = body.recordData;
  return {
    ...body,
    recordData: {
      ...body.recordData,
      records: records.map((cells) =>
        cells.map((cell, index) => (plain.has(fieldNames[index] ?? '') ? cell : maskText(cell))),
      ),
    },
  };
}

interface TriggerBody {
  readonly recipientData: readonly {
    readonly optionalData: readonly { readonly name: string; readonly value: string }[];
  }[];
}

export const isTriggerBody = (body: unknown): body is TriggerBody =>
  typeof body === 'object' && body !== null && 'recipientData' in body;

/** The recipients' RIIDs are those of a rehearsal, and nobody's. */
export const maskTrigger = (body: TriggerBody): TriggerBody => ({
  ...body,
  recipientData: body.recipientData.map((recipient) => ({
    ...recipient,
    optionalData: recipient.optionalData.map(({ name, value }) => ({ name, value: maskText(value) })),
  })),
});
