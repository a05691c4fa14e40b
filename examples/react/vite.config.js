import react from '@vitejs/plugin-react';
import { sharedwal } from 'sharedwal/vite';

export default {
  plugins: [react(), sharedwal()],
};
