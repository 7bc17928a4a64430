import { ALL_CONTEXTS, besideSubject, contextSettings } from './context.js';
import type { CompatibilityLevel, Mode } from './levels.js';
import { compatibilityNotConfigured, modeNotConfigured, notPermitted } from './registry-error.js';
import type { SchemaState } from './schema-state.js';
import type { SubjectConfig } from './schemas-topic.js';

export const DEFAULT_LEVEL: CompatibilityLevel = 'BACKWARD';
const DEFAULT_MODE: Mode = 'READWRITE';

/** What is set for a subject: by itself, else by its context, else for all contexts. A subject of null stands for all subjects. */
export class Settings {
  constructor(private readonly state: SchemaState) {}

  /** The subject that requests for this one are answered for. */
  aliased(subject: string): string {
    const alias = this.state.config(subject)?.alias;
    return alias === undefined ? subject : besideSubject(subject, alias);
  }

  config(subject: string | null, defaultToGlobal = false): SubjectConfig {
    const own = this.state.config(subject);
    if (own !== undefined) return subject === null ? { compatibilityLevel: DEFAULT_LEVEL, ...own } : own;
    if (subject === null || defaultToGlobal)
      return { compatibilityLevel: this.levelOf(subject), ...this.configOf(subject) };
    throw compatibilityNotConfigured(subject);
  }

  mode(subject: string | null, defaultToGlobal = false): Mode {
    const own = this.state.mode(subject);
    if (own !== undefined) return own;
    if (subject === null || defaultToGlobal) return this.modeOf(subject);
    throw modeNotConfigured(subject);
  }

  levelOf(subject: string | null): CompatibilityLevel {
    return this.setting(subject, (place) => this.state.config(place)?.compatibilityLevel) ?? DEFAULT_LEVEL;
  }

  private modeOf(subject: string | null): Mode {
    return this.setting(subject, (place) => this.state.mode(place)) ?? DEFAULT_MODE;
  }

  /** Everything but the alias, of the first that sets anything. */
  configOf(subject: string | null): SubjectConfig {
    return this.setting(subject, (place) => this.state.config(place)) ?? {};
  }

  normalizes(subject: string): boolean {
    return this.setting(subject, (place) => this.state.config(place)?.normalize) === true;
  }

  /** Its mode, which is none of the read-only ones. */
  checkWritable(subject: string | null): Mode {
    const overrides = [contextSettings(subject), ALL_CONTEXTS].some(
      (place) => this.state.mode(place) === 'READONLY_OVERRIDE',
    );
    const mode = overrides ? 'READONLY_OVERRIDE' : this.modeOf(subject);
    if (mode === 'READONLY' || mode === 'READONLY_OVERRIDE') {
      throw notPermitted(subject === null ? 'Global mode is read-only' : `Subject ${subject} is in read-only mode`);
    }
    return mode;
  }

  private setting<Value>(subject: string | null, of: (place: string | null) => Value | undefined): Value | undefined {
    return of(subject) ?? of(contextSettings(subject)) ?? of(ALL_CONTEXTS);
  }
}
