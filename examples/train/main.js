/**
 * main.js - <jl-train> trains; when it has a model, <jl-playground> shows what that writes.
 *
 * The address may have ?steps=N.
 */
import '../../web/elements.js';
import { byId } from '../../web/ui/dom.js';

const [train] = document.getElementsByTagName('jl-train');
const steps = new URLSearchParams(location.search).get('steps');
if (steps) train.setAttribute('steps', steps);

// The element's button "Use this model in the other figures" sets `model` on all that share.
const given = new MutationObserver(() => {
  const section = byId('write', HTMLElement);
  section.hidden = false;
  section.scrollIntoView({ block: 'nearest' }); // a figure out of sight does not run
});
given.observe(train, { attributeFilter: ['model'] });
