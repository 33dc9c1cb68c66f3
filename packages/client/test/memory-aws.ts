// Stands for "@holdfast/client/aws" where an example of the documents is run.
import { memoryCloud } from "../src/testing/index.ts";

export const cognitoDynamo = memoryCloud;
