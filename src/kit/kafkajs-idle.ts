import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

/**
 * kafkajs 2.2.4 looks for requests that wait for a connection every millisecond for as long as it is open, whether any
 * waits or not (its issue 1704): an idle consumer took 4 % of a core. Here it looks only while some wait; a request
 * that begins to wait asks for it by itself.
 */
const { scheduleCheckPendingRequests } = RequestQueue.prototype;
RequestQueue.prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
  if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
};
