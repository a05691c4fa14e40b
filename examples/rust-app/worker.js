import init, { Counter } from './pkg/rust_app.js';

// An instance of its own, of the module that the page has compiled.
let counter;

self.onmessage = async ({ data }) => {
  try {
    if (data.handle) {
      await init({ module_or_path: data.module });
      counter = await Counter.join(data.handle, data.name);
      self.postMessage({ joined: data.name });
    } else {
      self.postMessage({ done: counter.work() });
    }
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
