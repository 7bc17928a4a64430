/**
 * Keeps the documents of the customers. It may run several times (one group): what comes twice, late or from two copies at
 * once makes no difference, for a document is replaced by a newer one only. Deletion is soft, and remembered by its version.
 */
import { runService } from 'evpipe/kit';
import { type Customer, type CustomerEvent, parseEvent } from './events.js';

runService(async (service) => {
  const store = await service.documents();
  const customers = await store.collection<Customer>('customers');

  await service.consume({
    group: service.env('GROUP'),
    topics: [service.env('TOPIC')],
    async apply({ value }) {
      const event = parseEvent<CustomerEvent>(value, ['id', 'app_event_type', 'after_change']);
      await customers.put(event.after_change);
    },
  });
});
