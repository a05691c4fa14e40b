import { sharedwal } from 'sharedwal/vite';

export default {
  plugins: [sharedwal()],
};
