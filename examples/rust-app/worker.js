import { Counter, initSync } from './pkg/rust_app.js';

// An instance of its own, of the module that the page has compiled. At once: WebKitGTK 2.50 ends
// the whole page when a worker is terminated while it waits for an instance.
let counter;

self.onmessage = async ({ data }) => {
  try {
    if (data.handle) {
      initSync({ module: data.module });
      counter = await Counter.join(data.handle, data.name);
      self.postMessage({ joined: data.name });
    } else {
      self.postMessage({ done: counter.work() });
    }
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
