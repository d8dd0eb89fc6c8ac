// Do both verifiers of kits agree on the full number? The suite of the system tests, in a deep run. (product, Recovery kit)
import '../system/python-kits.test.js'
