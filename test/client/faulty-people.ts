/** An own file of people, 5% of them faulty in ten ways: five that no import can take, five that Responsys refuses. */

const faults: readonly {
  readonly line: (number: number) => string;
  /** Of the line that is set aside; undefined where the line is taken and Responsys refuses the address. */
  readonly reason?: RegExp;
}[] = [
  { line: (number) => `nobody${number}.example.com,30`, reason: /an address needs one @/ },
  { line: () => ',30', reason: /no identifier/ },
  { line: (number) => `cells${number}@example.com,30,too many`, reason: /3 cells, the header 2/ },
  { line: (number) => `kind${number}@example.com,thirty`, reason: /age: the value is no int/ },
  { line: (number) => `"quote${number}@example.com,30`, reason: /a quote/ },
  { line: (number) => `dots${number}@example..com,30` },
  { line: (number) => `top${number}@example,30` },
  { line: (number) => `blank${number}@exam ple.com,30` },
  { line: (number) => `.dot${number}@example.com,30` },
  { line: (number) => `end${number}@example.com.,30` },
];

export interface FaultyPeople {
  readonly csv: string;
  /** Addresses as the store has them. */
  readonly valid: readonly string[];
  readonly refused: readonly string[];
  /** By the line's number. */
  readonly setAside: ReadonlyMap<number, RegExp>;
}

/** Every twentieth of the people is faulty, each time in the next of the ten ways. */
export function faultyPeople(count: number): FaultyPeople {
  const lines = ['email,age:int'];
  const valid: string[] = [];
  const refused: string[] = [];
  const setAside = new Map<number, RegExp>();
  for (let number = 1; number <= count; number++) {
    const fault = number % 20 === 0 ? faults[(number / 20) % faults.length] : undefined;
    lines.push(fault?.line(number) ?? `Person${number}@Example.com,${number % 90}`);
    if (fault === undefined) valid.push(`person${number}@example.com`);
    else if (fault.reason !== undefined) setAside.set(lines.length, fault.reason);
    else refused.push(fault.line(number).split(',')[0] ?? '');
  }
  return { csv: `${lines.join('\n')}\n`, valid, refused, setAside };
}
