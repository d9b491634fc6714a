"""Names by which modules are imported, where the project that has the module is called otherwise.

`pip install yaml` is what a program that says `import yaml` seems to need; the project is `PyYAML`. Under such a name
there is nothing, a stand-in that its module's authors made, or a project of a stranger: the name is one that people are
known to type, and so one that pays to be taken.

A row stands here if the project is the usual one for the module, is well known, and documents the name. A name that is
itself well known has no row. Case and separators do not count, as in every name (PEP 503).
"""

from __future__ import annotations

#: The usual project by the import name; both normalised.
IMPORT_NAMES = {
    "attr": "attrs",
    "barcode": "python-barcode",
    "bs4": "beautifulsoup4",
    "consul": "python-consul",
    "corsheaders": "django-cors-headers",
    "crypto": "pycryptodome",
    "cryptodome": "pycryptodomex",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "debug-toolbar": "django-debug-toolbar",
    "discord": "discord-py",
    "django-filters": "django-filter",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "engineio": "python-engineio",
    "environ": "django-environ",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "git": "gitpython",
    "github": "pygithub",
    "gitlab": "python-gitlab",
    "googleapiclient": "google-api-python-client",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "kafka": "kafka-python",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "markdown-it": "markdown-it-py",
    "memcache": "python-memcached",
    "multipart": "python-multipart",
    "mysqldb": "mysqlclient",
    "nacl": "pynacl",
    "openssl": "pyopenssl",
    "pil": "pillow",
    "pkg-resources": "setuptools",
    "pptx": "python-pptx",
    "pythoncom": "pywin32",
    "rest-framework": "djangorestframework",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "snowflake": "snowflake-connector-python",
    "socketio": "python-socketio",
    "socks": "pysocks",
    "speech-recognition": "speechrecognition",
    "telegram": "python-telegram-bot",
    "umap": "umap-learn",
    "usb": "pyusb",
    "websocket": "websocket-client",
    "win32api": "pywin32",
    "win32com": "pywin32",
    "win32con": "pywin32",
    "wx": "wxpython",
    "xlib": "python-xlib",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
