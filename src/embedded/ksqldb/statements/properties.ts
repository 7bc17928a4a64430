/** Properties as clients send them: `ksql.streams.` before a name means the same as without. */
export type Properties = ReadonlyMap<string, string>;

export const propertyName = (name: string): string => name.replace(/^ksql\.streams\./, '');

export function readProperties(sent: unknown): Map<string, string> {
  const properties = new Map<string, string>();
  if (typeof sent !== 'object' || sent === null) return properties;
  for (const [name, value] of Object.entries(sent)) {
    if (value !== null && value !== undefined) properties.set(propertyName(name), String(value));
  }
  return properties;
}

/** ksqlDB's own default is latest. */
export function offsetReset(properties: Properties): 'earliest' | 'latest' {
  return properties.get('auto.offset.reset')?.toLowerCase() === 'earliest' ? 'earliest' : 'latest';
}
