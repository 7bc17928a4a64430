/** Only what kafkajs-idle changes; kafkajs publishes no types of it. */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    constructor(options: object);
    readonly pending: readonly unknown[];
    scheduleCheckPendingRequests(): void;
  }
}
