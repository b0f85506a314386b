/**
 * Records dispatches and uploads of tfjs's webgpu backend between `begin` and `replay`, in buffers of their own, which
 * nothing else overwrites. `restore` ends it; the buffers go with the device.
 */
export function recordDispatches(backend) {
  const { device, bufferManager } = backend;
  const { createCommandEncoder, createBuffer } = device;
  const { acquireBuffer, releaseBuffer } = bufferManager;
  const [commands, uploads, times] = [[], [], []];
  const fresh = new Set();
  let recording = false;

  device.createCommandEncoder = () => {
    const encoder = createCommandEncoder.call(device);
    if (!recording) return encoder;
    const { beginComputePass } = encoder;
    encoder.beginComputePass = (descriptor) => recorded(beginComputePass.call(encoder, descriptor), commands);
    return encoder;
  };
  device.createBuffer = (descriptor) => {
    if (!recording || !descriptor.mappedAtCreation) return createBuffer.call(device, descriptor);
    const usage = descriptor.usage | GPUBufferUsage.COPY_DST;
    const buffer = createBuffer.call(device, { ...descriptor, usage });
    const { getMappedRange, unmap } = buffer;
    let range;
    buffer.getMappedRange = () => (range = getMappedRange.call(buffer));
    buffer.unmap = () => {
      uploads.push({ buffer, bytes: range.slice(0) });
      unmap.call(buffer);
    };
    return buffer;
  };
  bufferManager.acquireBuffer = (size, usage, mappedAtCreation = false, reuse = true) => {
    if (!recording) return acquireBuffer.call(bufferManager, size, usage, mappedAtCreation, reuse);
    const buffer = device.createBuffer({ size, usage, mappedAtCreation });
    fresh.add(buffer);
    return buffer;
  };
  bufferManager.releaseBuffer = (buffer, reuse) => {
    if (!fresh.has(buffer)) releaseBuffer.call(bufferManager, buffer, reuse);
  };

  return {
    /** `{ host, whole }` of each replay, in milliseconds. */
    times,
    get dispatches() {
      return commands.length;
    },
    begin() {
      recording = true;
    },
    /** Ends the recording and submits it `count` times, each of which must give `values` in the tensor `id` again. */
    async replay(count, id, values) {
      recording = false;
      const { resource } = backend.tensorMap.get(id);
      const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
      const staging = device.createBuffer({ size: resource.size, usage });
      for (let round = -1; round < count; round++) {
        await clear(device, resource);
        const started = performance.now();
        submit(device, { commands, uploads, resource, staging });
        const host = performance.now() - started;
        await staging.mapAsync(GPUMapMode.READ);
        const again = new Float32Array(staging.getMappedRange().slice(0));
        staging.unmap();
        if (round >= 0) times.push({ host, whole: performance.now() - started });
        const wrong = again.findIndex((value, index) => value !== values[index]);
        if (wrong >= 0)
          throw new Error(`A replay gave ${again[wrong]} at ${wrong}, the step ${values[wrong]}.`);
      }
    },
    restore() {
      Object.assign(bufferManager, { acquireBuffer, releaseBuffer });
      for (const name of ["createCommandEncoder", "createBuffer"]) delete device[name];
    },
  };
}

function recorded(pass, commands) {
  const { setPipeline, setBindGroup, dispatchWorkgroups } = pass;
  const command = {};
  pass.setPipeline = (pipeline) => setPipeline.call(pass, (command.pipeline = pipeline));
  pass.setBindGroup = (index, group) => setBindGroup.call(pass, index, (command.group = group));
  pass.dispatchWorkgroups = (...counts) => {
    commands.push({ ...command, counts });
    dispatchWorkgroups.apply(pass, counts);
  };
  return pass;
}

/** So that a result is the replay's. */
async function clear(device, buffer) {
  const encoder = device.createCommandEncoder();
  encoder.clearBuffer(buffer);
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
}

function submit(device, { commands, uploads, resource, staging }) {
  for (const { buffer, bytes } of uploads) device.queue.writeBuffer(buffer, 0, bytes);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const { pipeline, group, counts } of commands) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...counts);
  }
  pass.end();
  encoder.copyBufferToBuffer(resource, 0, staging, 0, resource.size);
  device.queue.submit([encoder.finish()]);
}
