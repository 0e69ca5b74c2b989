/** docusaurus.config.js - the script is loaded here, because Docusaurus does not run scripts of pages. */
export default {
  title: 'Course notes',
  url: 'https://course.example',
  baseUrl: '/',
  scripts: [{ src: 'https://jielong.example/jielong-elements.js', type: 'module' }],
  presets: [['classic', { docs: { routeBasePath: '/' }, blog: false }]],
};
