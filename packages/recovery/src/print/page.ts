// What stands on a printed recovery kit? Public parts, a square code, and what to do, for a person in need. (product, Recovery kit)

import { toBase64url } from '@tercet/wire/base64url'
import type { ConsistentKit } from '../kit-verification.js'
import { codeModules, codeText, type KitCode, kitCode } from './code.js'
import { Sheet } from './sheet.js'

/** Most letters of a node's address that are printed; the file has all. */
const LONGEST_ADDRESS = 200

/**
 * The kit as PDF, the same bytes for the same kit. It holds nothing secret and does not replace the file.
 * @param bytes the kit as it stands in its file
 */
export async function printKit(found: ConsistentKit, bytes: Uint8Array): Promise<Uint8Array> {
  const code = kitCode(found, bytes)
  const sheet = await Sheet.create(`Recovery kit of ${code.address}`)
  sheet.title('Recovery kit')
  sheet.code(codeModules(codeText(code)), 190)
  sheet.paragraph(
    'Keep this page. It helps you, or someone whom you trust, to get your wallet back if your phone or the service is lost.',
  )
  sheet.paragraph(
    'Nothing on this page is secret. It does not replace the kit file: keep several copies of that file. The square code says the first five values below.',
  )
  sheet.heading('The wallet')
  sheet.fact('Address (m/0/0)', code.address)
  sheet.fact('Wallet id', code.walletId)
  sheet.fact('Epoch', String(code.epoch))
  sheet.endCode()
  sheet.fact('Fingerprint of recovery key, device and node', code.fingerprint)
  sheet.fact('SHA-256 of the kit file', code.sha256)
  facts(sheet, found)
  sheet.heading('What you need, and where it is')
  sheet.blank('Kit files')
  sheet.blank('The 24 words or the key file')
  sheet.blank('Who can help')
  sheet.paragraph('')
  sheet.paragraph(
    'Never write the 24 words on this page, and never keep them next to the kit file or the phone.',
  )
  sheet.nextPage()
  instructions(sheet, code)
  return sheet.bytes()
}

function facts(sheet: Sheet, { kit }: ConsistentKit): void {
  const { sidInputs, publicKey } = kit.record
  sheet.fact('Recovery key (its public half, K)', toBase64url(sidInputs.recoveryKey))
  sheet.fact('Public key of the wallet', toBase64url(publicKey))
  sheet.fact('Identity of the device', toBase64url(sidInputs.idD))
  sheet.fact('Identity of the node', toBase64url(sidInputs.idC))
  sheet.fact('Address of the node', printedAddress({ kit }))
}

function printedAddress({ kit }: Pick<ConsistentKit, 'kit'>): string {
  const { address } = kit.node
  return address.length <= LONGEST_ADDRESS
    ? address
    : `${address.slice(0, LONGEST_ADDRESS)}... (whole in the file)`
}

/** Nothing that whoever made the kit up could choose freely stands in a line that a person types. */
function instructions(sheet: Sheet, { address, fingerprint }: KitCode): void {
  sheet.title('What to do')
  sheet.paragraph(
    'You need a computer that you trust (not the phone), the program tercet-recovery on it, the kit file, and your 24 words or your key file. In the lines to type, KIT stands for the kit file, FILE for the key file, and FOLDER for a folder that phone and computer both see, a USB stick for example. With 24 words, write --phrase instead of --key FILE.',
  )
  sheet.heading('Once a year: rehearse')
  sheet.steps([
    {
      text: 'Check the kit. The answer must be "valid for this wallet". With any other answer, make a new kit while phone and service still work.',
      type: `tercet-recovery verify KIT --address ${address} --fingerprint ${fingerprint}`,
    },
    {
      text: 'Rehearse the recovery. Nothing changes, and nothing secret leaves the computer.',
      type: `tercet-recovery drill KIT --key FILE --address ${address}`,
    },
  ])
  sheet.heading('The phone is lost or stolen: get the wallet onto a new one')
  sheet.steps([
    { text: 'Check the kit as above.' },
    { text: 'On the new phone, choose to recover a wallet. It shows a code.' },
    {
      text: 'Start the recovery, with that code for CODE. The program says how long you must wait; then type the same again. Add --theft if the old phone was stolen, and --node with the address of the service if that has changed.',
      type: 'tercet-recovery recover KIT --key FILE --device CODE --link FOLDER',
    },
    { text: 'The new phone must show the address on this page. The old phone can do nothing any more.' },
    { text: 'Make a new kit on the new phone and print it. Destroy this page and the old kit file.' },
  ])
  sheet.heading('The service is gone, and you still have the phone: take your assets elsewhere')
  sheet.steps([
    { text: 'Check the kit as above.' },
    {
      text: 'Phone and computer can sign together without the service. Choose to leave on the phone, then type:',
      type: 'tercet-recovery exit KIT --key FILE --link FOLDER',
    },
    {
      text: 'Read every transaction on the computer before you agree to it. Send your assets to an address of a wallet that works.',
    },
  ])
  sheet.heading('If somebody asks you for this')
  sheet.paragraph(
    'The page and the kit file alone can move nothing. Whoever asks for your 24 words or your key file wants to rob you: you type them into tercet-recovery on your own computer, and nowhere else.',
  )
}
