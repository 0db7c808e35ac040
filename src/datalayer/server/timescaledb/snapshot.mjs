// A database as it was at a moment: the memory of the program and its files.
//
// Nothing of it can be seen between two statements, when no function of the program is
// being called: then memory, files and open files are all there is. A library that was
// loaded later would be missing in the memory, so that all are loaded before.

const PAGE = 65536

/** Return all that is needed to come back to this moment. */
export function save(module) {
  return {
    pages: savePages(module.HEAPU8),
    stack: module.___stack_pointer.value,
    nodes: saveNodes(module.FS),
    streams: saveStreams(module.FS),
  }
}

/** Come back to the moment of a snapshot. */
export function restore(module, snapshot) {
  restorePages(module.HEAPU8, snapshot.pages)
  module.___stack_pointer.value = snapshot.stack
  restoreNodes(module.FS, snapshot.nodes)
  restoreStreams(module.FS, snapshot.streams)
}

function savePages(memory) {
  const pages = []
  for (let start = 0; start < memory.length; start += PAGE) {
    const page = memory.subarray(start, start + PAGE)
    pages.push(isEmpty(page) ? null : page.slice())
  }
  return pages
}

function restorePages(memory, pages) {
  pages.forEach((page, number) => {
    const there = memory.subarray(number * PAGE, (number + 1) * PAGE)
    if (page) there.set(page)
    else there.fill(0)
  })
  // Memory never shrinks, and is expected to be empty when it grows.
  memory.fill(0, pages.length * PAGE)
}

function isEmpty(page) {
  return new BigUint64Array(page.buffer, page.byteOffset, PAGE / 8).every((w) => !w)
}

function saveNodes(FS) {
  return nodesOf(FS).map((node) => ({
    node,
    parent: node.parent,
    name: node.name,
    mode: node.mode,
    size: node.usedBytes,
    contents: FS.isDir(node.mode)
      ? { ...node.contents }
      : FS.isFile(node.mode) && node.usedBytes
        ? node.contents.slice(0, node.usedBytes)
        : null,
  }))
}

function restoreNodes(FS, saved) {
  for (const node of nodesOf(FS)) FS.hashRemoveNode(node)
  for (const { node, parent, name, mode, size, contents } of saved) {
    Object.assign(node, { parent, name, mode })
    if (FS.isDir(mode)) node.contents = { ...contents }
    if (FS.isFile(mode)) {
      node.usedBytes = size
      // In place where it fits: most files keep their size.
      if (contents && node.contents?.length >= size) node.contents.set(contents)
      else node.contents = contents && contents.slice()
    }
    FS.hashAddNode(node)
  }
}

/** Return the nodes of all files in memory, those of devices and pipes left out. */
function nodesOf(FS) {
  const nodes = []
  const visit = (node) => {
    if (node.mounted || node !== FS.root) nodes.push(node)
    if (FS.isDir(node.mode)) Object.values(node.contents ?? {}).forEach(visit)
  }
  Object.values(FS.root.contents).forEach(visit)
  return nodes
}

function saveStreams(FS) {
  return FS.streams.map(
    (stream) => stream && { stream, fd: stream.fd, node: stream.node, ...stream.shared },
  )
}

function restoreStreams(FS, saved) {
  FS.streams = saved.map((each) => {
    if (!each) return each
    const { stream, fd, node, flags, position } = each
    return Object.assign(stream, { fd, node, flags, position })
  })
}
