type Settings = Map<string, string>;
/** As broker.json has them. */
export type NamedConfigsFile = Readonly<Record<string, Readonly<Record<string, string>>>>;

const KINDS = ['groups', 'clientMetrics'] as const;
type Kind = (typeof KINDS)[number];

/** Settings of what need not be there to have some: groups, and subscriptions to the metrics of clients. */
export class NamedConfigs {
  private readonly byKind: Record<Kind, Map<string, Settings>>;

  constructor(file: Partial<Record<Kind, NamedConfigsFile>> = {}) {
    const read = (kind: Kind) =>
      new Map(Object.entries(file[kind] ?? {}).map(([name, own]) => [name, new Map(Object.entries(own))]));
    this.byKind = { groups: read('groups'), clientMetrics: read('clientMetrics') };
  }

  /** Undefined where none was ever set. */
  of(kind: Kind, name: string): Settings | undefined {
    return this.byKind[kind].get(name);
  }

  /** The same, made where there is none. */
  made(kind: Kind, name: string): Settings {
    const known = this.byKind[kind].get(name) ?? new Map<string, string>();
    this.byKind[kind].set(name, known);
    return known;
  }

  /** Those that have settings. */
  names(kind: Kind): string[] {
    return [...this.byKind[kind]].filter(([, settings]) => settings.size > 0).map(([name]) => name);
  }

  file(): Record<Kind, NamedConfigsFile> {
    const written = (kind: Kind) =>
      Object.fromEntries(this.names(kind).map((name) => [name, Object.fromEntries(this.byKind[kind].get(name) ?? [])]));
    return { groups: written('groups'), clientMetrics: written('clientMetrics') };
  }
}
