import { errorCode } from '../../../protocol/kafka/errors.js';
import { alterConfigs } from '../../../protocol/kafka/messages/alter-configs.js';
import { incrementalAlterConfigs } from '../../../protocol/kafka/messages/incremental-alter-configs.js';
import { messageOf } from '../../../support/errors.js';
import type { Broker } from '../broker.js';
import { type ConfigChange, ConfigRefused, type Configurable, changed } from '../resources/config-resource.js';
import { configResource } from '../resources/table.js';
import { storageError } from '../storage-errors.js';
import { handler } from './handler.js';

const SET = 0;

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** Supports: versions 0 to 1: set, delete, append, subtract; validate-only. */
export const incrementalAlterConfigsHandler = handler(
  incrementalAlterConfigs,
  {
    supports:
      'Topics, the broker, its logger, groups and client metrics; set, delete, append, subtract; validate-only.',
  },
  (request, { broker }) => ({
    responses: request.resources.map((resource) =>
      alter(broker, resource, request.validateOnly, (target) =>
        changed(
          target,
          resource.configs.map(({ name, configOperation, value }) => ({ name, operation: configOperation, value })),
        ),
      ),
    ),
  }),
);

/** Supports: versions 0 to 2. Behaviour: replaces all of a resource's settings, which is why it is deprecated. */
export const alterConfigsHandler = handler(
  alterConfigs,
  { supports: 'As IncrementalAlterConfigs, replacing all settings; validate-only.' },
  (request, { broker }) => ({
    responses: request.resources.map((resource) =>
      alter(broker, resource, request.validateOnly, (target) => {
        const changes: ConfigChange[] = resource.configs.map(({ name, value }) => ({ name, operation: SET, value }));
        return changed({ ...target, current: new Map() }, changes);
      }),
    ),
  }),
);

function alter(
  broker: Broker,
  { resourceType, resourceName }: Resource,
  validateOnly: boolean,
  next: (target: Configurable) => Map<string, string>,
) {
  try {
    const target = configResource(resourceType, 'Unknown resource type ').configurable(broker, resourceName);
    const config = next(target);
    if (!validateOnly) target.apply(config);
    return { errorCode: 0, errorMessage: null, resourceType, resourceName };
  } catch (failure) {
    const error = failure instanceof ConfigRefused ? failure.error : storageError(failure);
    return { errorCode: errorCode(error), errorMessage: messageOf(failure), resourceType, resourceName };
  }
}
