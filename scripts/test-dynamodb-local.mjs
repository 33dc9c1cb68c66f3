// `npm run test:dynamodb-local`: the contract of the remote store, what must hold on any account, the main job and the back
// end, on Amazon's DynamoDB Local. Installs nothing: it needs Java and DynamoDB Local, or the endpoint of a running one.
// Further options go to vitest.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const { DYNAMODB_LOCAL_ENDPOINT: runningEndpoint, DYNAMODB_LOCAL_PATH: path } = process.env;
const files = ["contracts", "any-account", "main-job", "back-end"];

const remedy = `Name the folder of DynamoDBLocal.jar: DYNAMODB_LOCAL_PATH=/path/to/it npm run test:dynamodb-local
or the endpoint of one that runs: DYNAMODB_LOCAL_ENDPOINT=http://127.0.0.1:8000 npm run test:dynamodb-local
Amazon's documentation ("Deploying DynamoDB locally on your computer") has the download; the npm package
amplify-dynamodb-simulator holds it too, in its folder \`emulator\` (npm pack amplify-dynamodb-simulator, then unpack).`;

function give(message) {
  console.error(`${message}\n${remedy}`);
  process.exit(1);
}

/** A port that is free now. */
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function startLocal() {
  if (!path) give("There is no DynamoDB Local to test on.");
  const folder = existsSync(path) && statSync(path).isFile() ? join(path, "..") : path;
  if (!existsSync(join(folder, "DynamoDBLocal.jar"))) give(`There is no DynamoDBLocal.jar in ${folder}.`);
  if (spawnSync("java", ["-version"], { stdio: "ignore" }).status !== 0) give("DynamoDB Local needs Java 17 or newer.");
  const port = await freePort();
  const options = ["-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb", "-port", String(port)];
  const local = spawn("java", ["-Djava.library.path=./DynamoDBLocal_lib", ...options], {
    cwd: folder,
    stdio: "ignore",
  });
  const endpoint = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 120 && local.exitCode === null; tries += 1) {
    if (await fetch(endpoint).then(Boolean, () => false)) return { endpoint, stop: () => local.kill() };
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  local.kill();
  return give("DynamoDB Local did not start.");
}

const { endpoint, stop } = runningEndpoint ? { endpoint: runningEndpoint, stop: () => {} } : await startLocal();
console.log(`On DynamoDB Local at ${endpoint}`);
const vitest = ["vitest", "run", "--project", "client", ...files, ...process.argv.slice(2)];
const run = spawn("npx", vitest, { stdio: "inherit", env: { ...process.env, HOLDFAST_ENGINE: endpoint } });
run.on("exit", (code) => {
  stop();
  process.exit(code ?? 1);
});
