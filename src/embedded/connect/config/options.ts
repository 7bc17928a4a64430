import { type OptionDefinition, problemsOf, type RawConfig, splitList } from '../../../protocol/connect/option.js';
import { CONFIG_EXCEPTION, ConnectFailure } from '../data/failure.js';

/** A plugin's options read by type; the constructor throws the first problem as the plugin itself would. */
export class Options {
  private readonly definitions: ReadonlyMap<string, OptionDefinition>;

  constructor(
    definitions: readonly OptionDefinition[],
    readonly raw: RawConfig,
  ) {
    this.definitions = new Map(definitions.map((definition) => [definition.name, definition]));
    for (const definition of definitions) {
      const [problem] = problemsOf(definition, raw);
      if (problem !== undefined) throw new ConnectFailure(problem, { className: CONFIG_EXCEPTION });
    }
  }

  /** The value or its default; undefined where there is neither. An empty text counts as given. */
  text(name: string): string | undefined {
    const definition = this.definitions.get(name);
    if (definition === undefined) throw new Error(`option ${name} is not declared`);
    return this.raw[name]?.trim() ?? definition.default ?? undefined;
  }

  string(name: string): string {
    return this.text(name) ?? '';
  }

  int(name: string): number {
    return Number(this.text(name) ?? 0);
  }

  boolean(name: string): boolean {
    return this.text(name)?.toLowerCase() === 'true';
  }

  /** Lower case: enumerated options are compared without case. */
  choice(name: string): string {
    return this.string(name).toLowerCase();
  }

  /** The same, where its definition accepts only these words; Debezium's options are their defaults where they are left blank. */
  oneOf<Word extends string>(name: string, words: readonly Word[]): Word {
    const given = this.choice(name) || this.definitions.get(name)?.default;
    const word = words.find((one) => one === given);
    if (word === undefined) throw new Error(`option ${name} accepts ${given}, which nothing reads`);
    return word;
  }

  list(name: string): readonly string[] {
    return splitList(this.text(name) ?? '');
  }
}
