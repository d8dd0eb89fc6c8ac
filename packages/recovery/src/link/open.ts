// Which link does the user mean by `--link`, and how does the other side learn of it?

import { type Link, LinkError } from '@tercet/wire/conversation'
import { Refused } from '../exit.js'
import { tell } from '../terminal.js'
import { folderLink } from './folder.js'
import { loopbackLink } from './loopback.js'

/** Opens the link and says where it is: a folder's path, or `loopback` for a URL that is printed. @throws Refused `file` */
export async function openLink(name: string): Promise<Link> {
  try {
    if (name !== 'loopback') {
      const link = await folderLink(name)
      tell(`link         ${name}`)
      return link
    }
    const link = await loopbackLink()
    tell(`link         ${link.url}`)
    return link
  } catch (error) {
    if (error instanceof LinkError) throw new Refused('file', error.message, { reason: error.code })
    throw error
  }
}
