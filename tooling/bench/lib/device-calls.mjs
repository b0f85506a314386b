const deviceCalls = ["createBuffer", "createBindGroup", "createComputePipeline"];
const queueCalls = ["submit", "writeBuffer"];
const encoderCalls = ["copyBufferToBuffer", "finish"];
const passCalls = ["setPipeline", "setBindGroup", "dispatchWorkgroups"];

/** Counts and times the calls of a GPUDevice and of what it makes, until `restore`. */
export function timeCalls(device) {
  const names = [...deviceCalls, ...queueCalls, ...encoderCalls, ...passCalls];
  const totals = Object.fromEntries(names.map((name) => [name, { count: 0, milliseconds: 0 }]));
  const time = (object, calls) => {
    for (const name of calls) {
      const original = object[name];
      object[name] = (...given) => {
        const started = performance.now();
        const result = original.apply(object, given);
        totals[name].milliseconds += performance.now() - started;
        totals[name].count++;
        return result;
      };
    }
  };
  const { createCommandEncoder } = device;
  device.createCommandEncoder = () => {
    const encoder = createCommandEncoder.call(device);
    const { beginComputePass } = encoder;
    time(encoder, encoderCalls);
    encoder.beginComputePass = (descriptor) => {
      const pass = beginComputePass.call(encoder, descriptor);
      time(pass, passCalls);
      return pass;
    };
    return encoder;
  };
  time(device, deviceCalls);
  time(device.queue, queueCalls);
  return {
    totals,
    reset() {
      for (const name of names) Object.assign(totals[name], { count: 0, milliseconds: 0 });
    },
    /** Own properties hide the prototypes' methods. */
    restore() {
      for (const name of ["createCommandEncoder", ...deviceCalls]) delete device[name];
      for (const name of queueCalls) delete device.queue[name];
    },
  };
}
