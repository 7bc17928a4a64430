import type { Place } from './amqp/client.js';
import { proveDeadLettering } from './amqp/dead-letter.js';
import { proveDelivery } from './amqp/delivery.js';
import { proveErrors } from './amqp/errors.js';
import { proveLimits } from './amqp/limits.js';
import { proveManagement } from './amqp/management.js';
import { provePublishing } from './amqp/publishing.js';
import { proveRouting } from './amqp/routing.js';

/** Everything that clients ask of a broker, whoever serves it. `open` is called in each test. */
export function proveAmqp(place: Place): void {
  proveErrors(place);
  proveRouting(place);
  provePublishing(place);
  proveDelivery(place);
  proveDeadLettering(place);
  proveLimits(place);
  proveManagement(place);
}
