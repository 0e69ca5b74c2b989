/** The address of a model, for loadModel. */
declare const address: string;
export default address;
