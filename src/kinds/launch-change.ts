import { EvpipeError } from '../support/errors.js';
import { HIDDEN, isSecretOption, withoutLogins } from '../support/masked.js';
import { type ComponentId, type ComponentKind, componentKey, type LaunchOf } from '../targets/component.js';
import type { LaunchDifference } from '../targets/launch-difference.js';
import { type Change, fieldChange } from './resource.js';
import type { Session } from './session.js';
import type { Planned } from './walk.js';

export interface LaunchPlan<K extends ComponentKind> {
  /** `service`, as plan shows it. */
  readonly kind: string;
  readonly name: string;
  readonly component: ComponentId<K>;
  readonly location?: Planned['location'];
  launch(): Promise<LaunchOf<K> | undefined>;
  /** What a restart brings with it. */
  readonly implies: string;
  /** Says of a difference more than its name; undefined: as any other. */
  describe?(difference: LaunchDifference): readonly Change[] | undefined;
}

/** What `plan` shows of something that runs: why it would be restarted. */
export function launchPlan<K extends ComponentKind>(session: Session, plan: LaunchPlan<K>): Planned {
  const { kind, name, component, location, implies } = plan;
  return {
    kind,
    name,
    component,
    location,
    compare: async () => {
      const found = await session.target.differences(component, await plan.launch());
      if (found === undefined) throw notRunning(componentKey(component));
      const changes = found.flatMap((one) => plan.describe?.(one) ?? [changeOf(one)]);
      return { isNew: false, changes: changes.map((change) => ({ implies, ...change })) };
    },
  };
}

const notRunning = (component: string) =>
  new EvpipeError('EVPIPE_NOT_RUNNING', `${component}, or a server that it needs, is not running`, {
    kind: 'unreachable',
  });

function changeOf({ part, name, before, after }: LaunchDifference): Change {
  switch (part) {
    case 'env':
      return fieldChange(`env ${name}`, shown(name, before), shown(name, after));
    case 'port':
    case 'folder':
    case 'evpipe':
    case 'image':
      return fieldChange(part, textOf(before), textOf(after));
    default:
      return { summary: name === undefined ? `${part} changed` : `${part} ${name} changed` };
  }
}

/** A value that may be a secret is not shown: only that it is another one. */
function shown(name: string | undefined, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return isSecretOption(name ?? '') || SECRET_NAME.test(name ?? '') ? HIDDEN : withoutLogins(String(value));
}

const SECRET_NAME = /pass|secret|token|key|credential|auth/i;

const textOf = (value: unknown): string | undefined => (value === undefined ? undefined : String(value));
