// ALTCHA's worker has no types; Vite makes a constructor of it.
declare module 'altcha/workers/pbkdf2?worker' {
  const Solver: new () => Worker;
  export default Solver;
}
