export const LEVELS = {
  NONE: 'Any schema is accepted.',
  BACKWARD: 'A new schema reads what the latest one wrote: consumers go first.',
  BACKWARD_TRANSITIVE: 'As BACKWARD, with every earlier version.',
  FORWARD: 'The latest schema reads what a new one writes: producers go first.',
  FORWARD_TRANSITIVE: 'As FORWARD, with every earlier version.',
  FULL: 'BACKWARD and FORWARD.',
  FULL_TRANSITIVE: 'As FULL, with every earlier version.',
} as const;
export type CompatibilityLevel = keyof typeof LEVELS;

export const MODES = {
  READWRITE: 'Schemas are read and registered.',
  READONLY: 'Schemas are read; registering and deleting is refused.',
  READONLY_OVERRIDE: 'As READONLY; set for all subjects, it also overrules the modes of single ones.',
  IMPORT: 'Schemas are registered with the ids and versions that come with them.',
  FORWARD: 'Treated as READWRITE: no schema is forwarded anywhere.',
} as const;
export type Mode = keyof typeof MODES;
